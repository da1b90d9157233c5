"""Verdicts for people: a table per family, failures in full, one last line that counts everything."""

from __future__ import annotations

from collections.abc import Iterator

from parity.report.table import columns
from parity.results import RunResult, cell_texts
from parity.verdict import Verdict

HEAD = ("op", "dtype", "checks", "units", "budget", "by", "worst at")
SHOWN_FAILURES = 12


def run_lines(result: RunResult) -> Iterator[str]:
    """The whole report of a run."""
    families: dict[str, list] = {}
    for cell in result.cells:
        families.setdefault(cell.op.split(".")[0], []).append(cell)
    for family, cells in families.items():
        yield ""
        yield family
        marked = [
            (*cell_texts(c)[:-1], cell_texts(c)[-1] + (f"  << {c.violated} violated" if c.violated else "")) for c in cells
        ]
        yield from columns([HEAD, *marked])
    yield from referee_lines({c.op for c in result.cells})
    if result.violations:
        yield ""
    for verdict in result.violations[:SHOWN_FAILURES]:
        yield from failure_lines(verdict)
    if len(result.violations) > SHOWN_FAILURES:
        yield f"... and {len(result.violations) - SHOWN_FAILURES} more; `--json` holds them all."
    yield ""
    yield result.summary()


def failure_lines(v: Verdict) -> Iterator[str]:
    """One failed check: what, where, got, expected, and how to see it again."""
    yield f"FAILED {v.check.id}"
    if v.stage == "values":
        yield f"  {v.units:.4g} units of u*scale, {v.budget:.4g} allowed"
    else:
        yield f"  {v.stage}: {v.message or 'does not match'}"
    for label, text in v.detail.items():
        yield f"  {label + ':':<16s} {text}"
    yield f"  {'replay:':<16s} parity replay '{v.check.id}'"


def referee_lines(ops: set[str]) -> Iterator[str]:
    """Which of these ops are judged without a proof."""
    from parity.loader import catalogue, referee

    yield from (f"{op}: {referee(op)}" for op in sorted(ops & catalogue().keys()) if referee(op))
