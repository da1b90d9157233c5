"""Verdicts for people: a table per family, failures in full, one last line that counts everything."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from parity.report.table import columns
from parity.results import RunResult, cell_texts
from parity.verdict import Check, Verdict

HEAD = ("op", "dtype", "checks", "units", "budget", "by", "worst at")
SHOWN_FAILURES = 12


def run_lines(result: RunResult, overlay: str | None = None) -> Iterator[str]:
    """The whole report of a run; `overlay` is the table of one's own that it was judged by."""
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
        yield from failure_lines(verdict, overlay)
    if len(result.violations) > SHOWN_FAILURES:
        yield f"... and {len(result.violations) - SHOWN_FAILURES} more; `--json` holds them all."
    yield ""
    yield result.summary()


def failure_lines(v: Verdict, overlay: str | None = None) -> Iterator[str]:
    """One failed check: what, where, got, expected, and how to see it again."""
    yield f"FAILED {v.check.id}"
    if v.stage == "values":
        yield f"  {v.units:.4g} units of u*scale, {v.budget:.4g} allowed"
    else:
        yield f"  {v.stage}: {v.message or 'does not match'}"
    for label, text in v.detail.items():
        yield f"  {label + ':':<16s} {text}"
    yield f"  {'replay:':<16s} {replay_command(v.check, overlay)}"


def replay_command(check: Check, overlay: str | None = None) -> str:
    """The command that makes one check again, with the files that it needs to be run as it is printed."""
    from parity.loader import is_known_to_workers, own_files

    if not is_known_to_workers(check.op):
        return f"parity.run({check.op!r}, hazards=[{check.hazard!r}]), since the op was registered from Python"
    files = [word for path in own_files() for word in ("--ops", _shortest(path))]
    return shlex.join(["parity", "replay", check.id, *files, *(["--tolerances", str(overlay)] if overlay else [])])


def _shortest(path: str) -> str:
    """A path as it is known in the current folder, where that is shorter."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def referee_lines(ops: set[str]) -> Iterator[str]:
    """Which of these ops are judged without a proof."""
    from parity.loader import catalogue, referee

    yield from (f"{op}: {referee(op)}" for op in sorted(ops & catalogue().keys()) if referee(op))
