"""What a certification found, for people: what is violated, slack or unexplained, and what the table should say instead."""

from __future__ import annotations

from collections.abc import Iterator

from parity.certify import Cell, Certification
from parity.evidence import Evidence
from parity.measure import Reading
from parity.report.table import columns

HEAD = ("op", "direction", "dtype", "who", "budget", "worst", "proposed", "at")


def certification_lines(result: Certification, evidence: Evidence) -> Iterator[str]:
    """The whole report; the last line counts everything."""
    for status, title in (
        ("violated", "violated: the worst error found is over the budget"),
        ("slack", "slack: the budget is not reached to 80 % (every input tried) or 50 % (searched)"),
        ("missing", "missing: measured, but the table has no budget"),
    ):
        cells = result.of(status)
        if cells:
            yield title
            yield from columns([HEAD, *map(_row, cells)])
            yield ""
    if result.unlisted:
        yield "beyond any budget, and not listed as a known difference"
        yield from columns(
            [("op", "direction", "dtype", "who", "units", "path", "at"), *(_unlisted(*x) for x in result.unlisted)]
        )
        yield ""
    yield from result.problems
    yield _summary(result, evidence)


def _row(cell: Cell) -> tuple[str, ...]:
    who = cell.who + ("" if cell.region is None else f", region {cell.region}")
    worst = "none" if cell.worst is None else f"{cell.worst.units:.4g}"
    return (cell.op, cell.direction, cell.dtype, who, f"{cell.budget:.4g}", worst, f"{cell.proposed:.4g}", _at(cell.worst))


def _at(r: Reading | None) -> str:
    if r is None:
        return "no case has an input there"
    return f"{r.hazard} on {r.path}" + (f" ({r.layout})" if r.layout else "") + (f": {r.element}" if r.element else "")


def _unlisted(op: str, r: Reading) -> tuple[str, ...]:
    return (op, r.direction, r.dtype, r.who, f"{r.units:.4g}", r.path, f"{r.hazard} {r.element} {r.message}".strip())


def _summary(result: Certification, evidence: Evidence) -> str:
    new = sum(1 for k in result.witnesses if k not in evidence.witnesses or result.witnesses[k] != evidence.witnesses[k])
    ops, elsewhere = len({c.op for c in result.cells}), len(result.of("elsewhere"))
    return (
        f"{ops} ops, {len(result.cells)} budgets: {len(result.of('tight'))} tight, {len(result.of('exact'))} exact (0), "
        f"{len(result.of('slack'))} slack, {len(result.of('violated'))} violated, {len(result.of('missing'))} missing"
        + (f", {elsewhere} whose witnesses need another processor; " if elsewhere else "; ")
        + f"{len(result.unlisted)} readings unexplained; {len(result.witnesses)} stored witnesses, {new} of them new."
    )
