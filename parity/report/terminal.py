"""Verdicts for people: a table per family, failures in full, one last line that counts everything."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from parity.report.table import columns
from parity.results import RunResult, ValidationResult, cell_texts, grade_texts
from parity.verdict import Verdict

HEAD = ("op", "dtype", "checks", "units", "budget", "by", "worst at")
SHOWN_FAILURES = 12
SHOWN_HAZARDS = 2


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
    if result.violations:
        yield ""
    for verdict in result.violations[:SHOWN_FAILURES]:
        yield from failure_lines(verdict)
    if len(result.violations) > SHOWN_FAILURES:
        yield f"... and {len(result.violations) - SHOWN_FAILURES} more; `--json` holds them all."
    yield ""
    yield result.summary()


def failure_lines(v: Verdict, again: str = "replay") -> Iterator[str]:
    """One failed check: what, where, got, expected, and how to see it (for a candidate: its inputs) again."""
    yield f"FAILED {v.check.id}"
    if v.stage == "values":
        yield f"  {v.units:.4g} units of u*scale, {v.budget:.4g} allowed"
    else:
        yield f"  {v.stage}: {v.message or 'does not match'}"
    for label, text in v.detail.items():
        yield f"  {label + ':':<16s} {text}"
    yield f"  {again + ':':<16s} parity replay '{v.check.id}'"


def validation_lines(result: ValidationResult) -> Iterator[str]:
    """The grades of a candidate, and each failing hazard's smallest description."""
    yield f"{result.candidate} as {result.op}"
    yield ""
    yield from columns([("dtype", "direction", "grade", "checks", "worst units", "at"), *map(grade_texts, result.grades)])
    missing = [text for g in result.grades for text in g.not_covered]
    if missing:
        yield ""
        yield f"not covered: {len(missing)} cases, among them {missing[0]}"
    shown = list(_distinct(result.failures))
    if shown:
        yield ""
    for verdict, others in shown[:SHOWN_HAZARDS]:
        yield from failure_lines(verdict, "inputs in full")
        if others:
            yield f"  ... and {others} more checks fail at this hazard"
    if len(shown) > SHOWN_HAZARDS:
        rest = ", ".join(f"{v.check.direction} {v.check.hazard}" for v, _ in shown[SHOWN_HAZARDS:])
        yield from textwrap.wrap(f"It also fails at: {rest}.", 110)
    yield ""
    yield f"grade: {result.grade}"


def _distinct(failures: tuple[Verdict, ...]) -> Iterator[tuple[Verdict, int]]:
    """The first failure of each hazard and direction, with the number of the others."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for v in failures:
        groups.setdefault((v.check.direction, v.check.hazard.rsplit("+", 1)[-1]), []).append(v)
    for vs in groups.values():
        yield vs[0], len(vs) - 1
