"""Everything about one op on one screen, and one check again in full."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import numpy as np

from parity import loader, runner
from parity.evaluate import library
from parity.evidence import Evidence, read_evidence
from parity.inputs.lengths import as_asked
from parity.inputs.met import met
from parity.report.evidence import evidence_lines
from parity.report.table import HEAD, budget_lines, columns, reasons
from parity.report.terminal import failure_lines
from parity.runner import Selection
from parity.tolerances import Table
from parity.verdict import Check


def explain_lines(op: str, table: Table, *, measure: bool = True, evidence: Evidence | None = None) -> Iterator[str]:
    """Signature, equation, gradient, references, hazards, budgets with reasons and evidence, worst error measured."""
    pair, row = loader.catalogue()[op], table.rows.get(op)
    forward, backward = loader.implementation(pair), loader.gradient(pair)
    yield f"{op}{_signature(forward)}"
    yield ""
    yield from _indented(inspect.getdoc(forward))
    if backward is not None:
        yield f"{op}_backward{_signature(backward)}"
        yield ""
        yield from _indented(inspect.getdoc(backward))
    define, by = loader.definition(op), loader.referee(op)
    yield by or "definition (evaluated in ball arithmetic)"
    yield ""
    yield from _indented(define.source() if by else inspect.getsource(define))
    yield f"references: torch {_reference(pair.torch)}; SciPy {_reference(pair.scipy)}"
    hazards = list(dict.fromkeys(c.hazard for c in runner.checks_of(op)))
    yield f"{len(hazards)} cases, {len(runner.checks_of(op))} checks: {', '.join(hazards)}"
    yield ""
    yield from columns([("what the cases meet", "met", "of", "missing"), *_met(op)])
    yield ""
    if row is None:
        yield "no row in the tolerance table"
        return
    yield from columns([HEAD, *budget_lines(row)])
    yield from reasons(row)
    yield ""
    if op in loader.own_ops():
        yield f"No evidence is kept for ops of your own; `parity search {op}` looks for inputs that are worse."
    else:
        yield from evidence_lines(row, evidence or read_evidence())
    if measure:
        yield ""
        yield from _measured(op, table)


def _met(op: str) -> Iterator[tuple[str, str, str, str]]:
    """A row for each kind of input: how many of them the cases meet, and those that they do not."""
    for m in met(as_asked(loader.catalogue()[op], loader.is_elementwise(op)), runner.cases(op)):
        yield m.what, str(m.count), str(m.wanted), ", ".join(m.missing) or "-"


def _signature(fn) -> str:
    try:
        return str(inspect.signature(fn))
    except (TypeError, ValueError):
        return "(...)"


def _indented(text: str | None) -> Iterator[str]:
    for line in (text or "").splitlines():
        yield f"  {line}".rstrip()
    yield ""


def _reference(named) -> str:
    return "has none" if named is None else named if isinstance(named, str) else f"adapter {named.__name__}"


def _measured(op: str, table: Table) -> Iterator[str]:
    """The worst error of each party, measured now."""
    worst: dict[tuple[str, str, str], tuple[float, str]] = {}
    for v in runner.run_op(op, Selection((op,)), table):
        if v.status in ("held", "violated"):
            key = (v.check.reference.replace("truth", "ours"), v.check.direction, v.check.dtype)
            worst[key] = max(worst.get(key, (-1.0, "")), (v.units, v.check.hazard))
    lines = [(*key, f"{units:.4g}", hazard) for key, (units, hazard) in sorted(worst.items())]
    yield "worst error measured just now"
    yield from columns([("who", "direction", "dtype", "units", "at"), *lines])


def replay_lines(text: str, table: Table, overlay: str | None = None) -> Iterator[str]:
    """One check again, with inputs and what every party returned."""
    check = Check.parse(text)
    loader.select([check.op])
    known = {c.id for c in runner.checks_of(check.op)}
    if check.id not in known:
        from parity.errors import UnknownOp

        raise UnknownOp(check.id, sorted(known))
    verdict = runner.run_check(check, table)
    yield f"{check.id}: {verdict.status}, {verdict.units:.4g} units of {verdict.budget:.4g} allowed"
    if verdict.message:
        yield f"  {verdict.message}"
    if check.direction == "distribution":
        return
    e = runner.evaluated(check.op, check.hazard, check.dtype, check.direction)
    for kind, array in zip(e.built.kinds, e.built.arrays, strict=True):
        yield from _array(f"input {kind.name}", array)
    if e.built.options:
        yield f"  options: {dict(e.built.options)}"
    for i, dy in enumerate(e.cotangents):
        yield from _array(f"cotangent {i}", dy)
    pair = loader.catalogue()[check.op]
    references = () if e.case.refused else runner.reference_names(pair, check.dtype, check.direction)
    for name in ("ours", *references):
        party = e.party(name, library(pair))
        for i, out in enumerate(party.outputs):
            yield from _array(f"{name} {i}", out)
        if party.error:
            yield f"  {name}: {party.error}"
    for i, truth in enumerate(e.truths):
        yield from _array(f"truth {i}", None if truth is None else truth.value)
    if verdict.status == "violated":
        yield from failure_lines(verdict, overlay)


def _array(label: str, array) -> Iterator[str]:
    if array is None:
        yield f"  {label}: None"
        return
    with np.printoptions(threshold=200, linewidth=110):
        body = str(np.asarray(array)).splitlines() or [""]
    yield f"  {label} {np.asarray(array).dtype} {np.shape(array)}:"
    for line in body:
        yield f"    {line}"
    flat = np.asarray(array).reshape(-1)
    if flat.size and flat.dtype.kind not in "iub" and flat.size <= 24:
        yield f"    hex {' '.join(float(v).hex() for v in flat)}"
