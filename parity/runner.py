"""Pairs become checks, checks become verdicts.  No printing, no pytest."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from parity.cases import Case
from parity.check.contract import OWN
from parity.check.errors import units_of
from parity.check.regions import limits
from parity.check.verdict import Outcome, compare
from parity.environment import is_certified, path_names
from parity.evaluate import Evaluation, Implementation, Party, evaluate, library
from parity.evidence import witness_cases
from parity.inputs.listing import cases_of
from parity.inputs.refusals import refusal_cases
from parity.loader import catalogue, definition, is_elementwise, own_ops
from parity.oracle import OracleError, Truth
from parity.pair import UNPROMISED, Pair
from parity.report.numbers import element_shown, exact_shown, number
from parity.statistics import law_verdict
from parity.tolerances import Row, Table
from parity.truth.cache import TruthCache
from parity.verdict import Check, Verdict

REFERENCES = ("truth", "torch", "scipy")
DIRECTIONS = ("forward", "backward", "distribution")
SCIPY_DTYPES = ("float64", "float32")


@dataclass(frozen=True)
class Selection:
    """Which checks: ops, and (empty: all) dtypes, references, directions and hazards."""

    ops: tuple[str, ...]
    dtypes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()

    def takes(self, check: Check) -> bool:
        """Whether a check is selected; a hazard is named whole or by its last part (`one_inf` takes `weight.one_inf`)."""
        return (
            _among(check.dtype, self.dtypes)
            and _among(check.reference, self.references)
            and _among(check.direction, self.directions)
            and (not self.hazards or among_hazards(check.hazard, self.hazards))
        )


def among_hazards(hazard: str, names: Sequence[str]) -> bool:
    """Whether a hazard is named, whole or by its last part (`one_inf` names `weight.one_inf`)."""
    return any(hazard == n or hazard.endswith((f".{n}", f"+{n}")) for n in names)


def _among(value: str, allowed: tuple[str, ...]) -> bool:
    return not allowed or value in allowed


# -- listing -----------------------------------------------------------------------------------------------------------
@cache
def cases(op: str) -> tuple[Case, ...]:
    """Every case of an op: those of its argument kinds and options, and the witnesses that searches found.

    A user's own op is not asked what only this library promises.
    """
    drawn = [c for c in cases_of(catalogue()[op], definition(op)) if op not in own_ops() or c.condition not in UNPROMISED]
    return (*drawn, *witness_cases(op, drawn, is_elementwise(op)))


@cache
def refusals(op: str) -> tuple[Case, ...]:
    """Every question that an op must refuse; a user's own op only what its row says."""
    return tuple(refusal_cases(catalogue()[op], of_every_op=op not in own_ops()))


def is_refusal(check: Check) -> bool:
    """Whether the function must refuse what a check asks; there is no truth then, and nothing to compare."""
    return (check.op, check.hazard) in _refused(check.op)


@cache
def _refused(op: str) -> frozenset[tuple[str, str]]:
    return frozenset((op, case.name) for case in refusals(op))


@cache
def _by_hazard(op: str) -> Mapping[tuple[str, str, str], Case]:
    found = {}
    for case in (*cases(op), *refusals(op)):
        for dtype in case.dtypes or catalogue()[op].dtypes:
            for direction in case.directions or ("forward", "backward"):
                found[case.name, dtype, direction] = case
    return found


def case_of(op: str, hazard: str, dtype: str, direction: str) -> Case:
    """The case that a check is about."""
    return _by_hazard(op)[hazard, dtype, direction]


def checks_of(op: str) -> list[Check]:
    """Every check of an op, in a fixed order."""
    pair = catalogue()[op]
    out = []
    for case in (*cases(op), *refusals(op)):
        for dtype in case.dtypes or pair.dtypes:
            if dtype not in pair.dtypes:
                continue
            for direction in ("forward", "backward") if pair.differentiable else ("forward",):
                if _among(direction, case.directions):
                    names = references_of(pair, dtype, direction)
                    out += [Check(op, dtype, direction, r, case.name) for r in names if _among(r, case.references)]
    return out + [Check(op, "float64", "distribution", "truth", name) for name in pair.laws]


def references_of(pair: Pair, dtype: str, direction: str) -> list[str]:
    """Who an op is judged against: the truth, and the libraries that have this dtype and direction."""
    return ["truth", *reference_names(pair, dtype, direction)]


def reference_names(pair: Pair, dtype: str, direction: str) -> list[str]:
    """The libraries that have this op in this dtype and direction."""
    scipy = pair.scipy is not None and direction == "forward" and dtype in SCIPY_DTYPES
    return ["torch"] * (pair.torch is not None) + ["scipy"] * scipy


# -- running -----------------------------------------------------------------------------------------------------------
def run_op(op: str, selection: Selection, table: Table, ours: Implementation | None = None) -> Iterator[Verdict]:
    """The verdicts of the selected checks of one op, grouped so that each case is evaluated once."""
    pair = catalogue()[op]
    ours = library(pair) if ours is None else ours
    kept = kept_truths(op)
    groups: dict[tuple[str, str, str], list[Check]] = {}
    for check in checks_of(op):
        if selection.takes(check):
            groups.setdefault((check.hazard, check.dtype, check.direction), []).append(check)
    for (hazard, dtype, direction), checks in groups.items():
        if direction == "distribution":
            yield law_verdict(pair, checks[0], table.rows.get(op), ours)
            continue
        try:
            evaluation = evaluate(pair, case_of(op, hazard, dtype, direction), dtype, direction, kept)
        except OracleError as e:
            yield from (Verdict(c, "violated", math.inf, 0.0, "oracle", str(e)) for c in checks)
            continue
        for check in checks:
            yield judge(evaluation, check, table.rows.get(op), ours)
    if kept is not None:
        kept.save()


def kept_truths(op: str) -> TruthCache | None:
    """The truths on disk of an op that this project defines; None for any other definition."""
    return TruthCache(op) if getattr(definition(op), "__module__", "").startswith("parity.definitions.") else None


_kept_truths = lru_cache(maxsize=4)(kept_truths)


@lru_cache(maxsize=8)
def evaluated(op: str, hazard: str, dtype: str, direction: str) -> Evaluation:
    """The evaluation of one case; the last few are kept."""
    return evaluate(catalogue()[op], case_of(op, hazard, dtype, direction), dtype, direction, _kept_truths(op))


def run_check(check: Check, table: Table) -> Verdict:
    """One check; the last few evaluations are kept, so that the references of a case share its truth."""
    pair = catalogue()[check.op]
    if check.direction == "distribution":
        return law_verdict(pair, check, table.rows.get(check.op), library(pair))
    evaluation = evaluated(check.op, check.hazard, check.dtype, check.direction)
    return judge(evaluation, check, table.rows.get(check.op), library(pair))


# -- judging -----------------------------------------------------------------------------------------------------------
def judge(e: Evaluation, check: Check, row: Row | None, ours: Implementation) -> Verdict:
    """The verdict of one check, given what the parties returned."""
    if row is None:
        return Verdict(check, "violated", math.inf, 0.0, "table", f"{check.op} has no row in the tolerance table; add one.")
    if e.case.refused:
        return contract(e, check, ours)
    who = "ours" if check.reference == "truth" else check.reference
    reason = gap(e.pair, check)
    party = e.party(who, ours)
    if reason is not None:
        arrays = [a for a in (*e.built.arrays, *party.outputs) if a is not None]
        if party.error or any(np.size(a) == 0 for a in arrays):  # no kernel is needed where there are no elements
            return Verdict(check, "skipped", message=reason)
        return Verdict(
            check, "violated", message=f"is listed as a gap ({reason}), but {check.reference} now answers; remove the entry."
        )
    outcome, budget = judge_party(e, party, row, who)
    return _with_difference(e, check, row, who, outcome, budget, ours)


def contract(e: Evaluation, check: Check, ours: Implementation) -> Verdict:
    """The verdict where the function must refuse: it holds if it raised an error itself, or may leave that to another."""
    party = e.party("ours", ours)
    if party.refusal == OWN or (party.refusal and e.case.delegated):
        return Verdict(check, "held", 0.0, 0.0)
    message = f"{party.error}, which is no refusal of its own" if party.error else f"accepts {e.case.refused}"
    return Verdict(check, "violated", math.inf, 0.0, "accepts", message, given(e))


def given(e: Evaluation) -> dict[str, Any]:
    """What an evaluation gives to a function, in short."""
    named = [(f"input {k.name}", a) for k, a in zip(e.built.kinds, e.built.arrays, strict=True)]
    named += [(f"cotangent {i}", c) for i, c in enumerate(e.cotangents)]
    detail = {name: _shown(a, ()) for name, a in named if a is not None}
    return detail | {"options": ", ".join(f"{k}={v!r}" for k, v in e.built.options.items())}


def gap(pair: Pair, check: Check) -> str | None:
    """Why the reference of a check cannot answer it, where the pair lists that; else None."""
    for key, reason in pair.without.items():
        wanted = (check.reference, check.dtype, check.direction, check.hazard)
        if all(k in ("*", w) for k, w in zip(key, wanted, strict=False)):
            return reason
    return None


def judge_party(e: Evaluation, party: Party, row: Row, who: str) -> tuple[Outcome, float]:
    """The worst outcome over the outputs (or gradients) of one party against the truth, and its budget."""
    budget = row.budget(who, e.direction, e.dtype)
    budget = math.inf if budget is None and who != "ours" else 0.0 if budget is None else float(budget)
    if party.error:
        return Outcome(False, "error", math.inf, (), party.error), budget
    if len(party.outputs) < len(e.truths):
        return Outcome(
            False, "structure", math.inf, (), f"returned {len(party.outputs)} outputs, expected {len(e.truths)}"
        ), budget
    worst = Outcome(True, "values", 0.0)
    for position, (got, truth) in enumerate(zip(party.outputs, e.truths, strict=False)):
        outcome = _judge_output(e, got, truth, row, who, budget, position)
        if (not outcome.holds, outcome.units) > (not worst.holds, worst.units) or (not outcome.holds and worst.holds):
            worst = outcome
    return worst, budget


def _judge_output(e: Evaluation, got, truth: Truth | None, row: Row, who: str, budget: float, position: int) -> Outcome:
    if truth is None:
        if got is None:
            return Outcome(True, "values", 0.0)
        return Outcome(False, "structure", math.inf, (position,), "returned a gradient where None is expected")
    limit, floor = limits(row.regions(who, e.direction, e.dtype), e, truth, budget)
    outcome = compare(got, truth, limit, e.dtype, floor=floor, check_dtype=who == "ours")
    return Outcome(outcome.holds, outcome.stage, outcome.units, (position, *outcome.index), outcome.message)


def _with_difference(
    e: Evaluation, check: Check, row: Row, who: str, outcome: Outcome, budget: float, ours: Implementation
) -> Verdict:
    entry = row.difference(who, check.direction, check.dtype, check.hazard)
    if entry is not None and "paths" in entry and not path_names() & set(entry["paths"]):
        entry = None
    if entry is not None:
        if not outcome.holds:
            return Verdict(check, "known", outcome.units, budget, outcome.stage, entry["returns"])
        status = "violated" if is_certified() else "cured"
        text = f"the listed difference no longer occurs ({entry['returns']}); remove this hazard from `differs`."
        return Verdict(check, status, outcome.units, budget, "differs", text)
    if not outcome.holds:
        detail = failure_detail(e, outcome, who)
        return Verdict(check, "violated", outcome.units, budget, outcome.stage, outcome.message, detail)
    if check.reference != "truth":
        apart = _parity(e, row, who, budget, ours)
        if apart is not None:
            detail = failure_detail(e, apart, "ours")
            return Verdict(check, "violated", apart.units, budget, apart.stage, apart.message, detail)
    return Verdict(check, "held", outcome.units, budget)


def _parity(e: Evaluation, row: Row, who: str, budget: float, ours: Implementation) -> Outcome | None:
    """|ours - theirs| <= (our budget + theirs) u scale: derived, so only ours can break it once the reference held."""
    mine = e.party("ours", ours)
    outcome, own = judge_party(e, mine, row, "ours")
    if outcome.holds or row.difference("ours", e.direction, e.dtype, e.case.name) is not None:
        return None
    if outcome.stage != "values":
        return outcome
    for position, (a, b, t) in enumerate(zip(mine.outputs, e.party(who, ours).outputs, e.truths, strict=False)):
        if t is None or t.hi is None:
            continue
        theirs = np.asarray(b).astype(np.float64)
        between = units_of(a, Truth(np.asarray(b), theirs, np.zeros_like(theirs), t.scale), e.dtype)
        if between.size and between.max() > own + budget:
            index = np.unravel_index(int(np.argmax(between)), between.shape)
            return Outcome(False, "parity", float(between.max()), (position, *map(int, index)), f"differs from {who}")
    return None


# -- what a failure shows ----------------------------------------------------------------------------------------------
def failure_detail(e: Evaluation, outcome: Outcome, who: str) -> dict[str, Any]:
    """The worst element: where it is, what went in, what everybody who was asked returned, the truth."""
    position, *rest = outcome.index or (0,)
    index = tuple(rest)
    detail: dict[str, Any] = {"element": f"[{', '.join(map(str, index))}] of {place(e, position)}"}
    detail |= {f"input {k.name}": _shown(a, index) for k, a in zip(e.built.kinds, e.built.arrays, strict=True) if a is not None}
    if e.built.options:
        detail["options"] = ", ".join(f"{k}={v!r}" for k, v in e.built.options.items())
    truth = e.truths[position] if position < len(e.truths) else None
    labels = {"ours": "npimpl"} if who == "candidate" else {}
    for name in dict.fromkeys((who, "ours", "torch", "scipy")):
        party = e.parties.get(name)
        if party is not None:
            detail[labels.get(name, name)] = party.error or element_shown(party.outputs, position, index)
    if truth is not None:
        detail["truth"] = exact_shown(truth, index)
    return detail


def place(e: Evaluation, position: int) -> str:
    """Which result is at a position, in words: an output, or the gradient of an array."""
    if e.direction == "backward":
        return f"the gradient of {e.built.kinds[position].name}"
    return "the result" if len(e.truths) == 1 else f"output {position}"


def _shown(array, index: tuple[int, ...]) -> str:
    if not isinstance(array, np.ndarray):
        return repr(array)
    if array.ndim == len(index) and array.size > 1 and all(i < n for i, n in zip(index, array.shape, strict=True)):
        at = f"{number(array[index])} at the element"
        return at if array.size > 16 else f"{at}; all of it {array.tolist()}"
    return str(array.tolist()) if array.size <= 24 else f"{array.dtype} array of shape {array.shape}"


def internal(check: Check, error: BaseException) -> Verdict:
    """The verdict of a check that failed inside the engine."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return Verdict(
        check, "violated", math.inf, 0.0, "internal", f"{type(error).__name__}: {error} ({last.name}, line {last.lineno})"
    )
