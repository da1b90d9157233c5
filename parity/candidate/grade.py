"""The grade of one answer of a candidate: tight, parity, stable or fail, and the limits that explain the rest.

- tight: within npimpl's budget;
- parity: within that plus the worst reference's, or no worse than a reference where that reference is wrong;
- stable: within C u S of the truth, what a mixed forward-backward stable algorithm gives (`parity.truth.sensitivity`);
- fail: otherwise, unless an experiment shows that it is a limit (`parity.candidate.limits`).

Every judgement is against the truth: a kernel that is more accurate than a reference can not fail for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity import oracle
from parity.candidate.explain import Explainer
from parity.candidate.limits import (
    ANSWERS,
    DEATHS,
    absent_gradient,
    accepted,
    ill_conditioned,
    promoted,
    scalar,
    surplus_gradient,
)
from parity.check.errors import SIGN, VALUES, Errors, errors, units_of
from parity.check.regions import limits
from parity.check.verdict import Outcome, outcome
from parity.evaluate import Evaluation, Party, structured
from parity.formats import FORMATS
from parity.loader import is_elementwise
from parity.oracle import Truth
from parity.pair import UNPROMISED, Pair
from parity.placing import optional
from parity.results import Limit
from parity.runner import reference_names
from parity.tolerances import Row
from parity.truth.dependence import Dependence
from parity.truth.sensitivity import work_unit

GRADES = ("tight", "parity", "stable", "fail")
TIGHT, PARITY, STABLE, OPEN = range(4)
C = 16.0
"""A stable value is within (C + n) u S: n is the number of inputs that an element is made of, 0 for elementwise ops."""
NARROW_UNITS = 4.0
"""What a chain of roundings to 16 bits may add, in units of that dtype: times S for elementwise ops, times |y| for elements
made of terms.  A row's own `narrow` is times S: its op is a chain of many roundings.
"""
Ask = Callable[..., "Seen | None"]


@dataclass(frozen=True)
class Judged:
    """The grade of one answer, what the comparison found, what was allowed, and the limits that explain the rest."""

    grade: str
    outcome: Outcome
    budget: float
    """npimpl's budget where the grade is tight, stable or fail, with the references' where it is parity."""
    row: Row
    """The row of the table that it was judged by."""
    limits: tuple[Limit, ...] = ()
    counted: bool = True
    """Whether the answer has a grade at all: an input that is refused within the limits has none."""


@dataclass(frozen=True)
class Seen:
    """One answer of a candidate and its judgement."""

    evaluation: Evaluation
    party: Party
    judged: Judged

    @property
    def symptom(self) -> tuple[str, str]:
        """What kind of failure it is: the stage of the comparison that failed, or the type of the error; ("", "") if none."""
        if self.judged.grade != "fail":
            return "", ""
        return self.judged.outcome.stage, self.party.error_type


@dataclass
class Answer:
    """One output of a candidate while it is judged: each element has a place in GRADES, or is OPEN."""

    position: int
    got: Any
    truth: Truth
    errors: Errors
    state: np.ndarray

    @property
    def open(self) -> np.ndarray:
        """The elements that nothing explains yet."""
        return self.state == OPEN

    def settle(self, where: np.ndarray, state: int) -> None:
        """Give the open elements among these their state."""
        self.state[self.open & where] = state


@dataclass
class Judge:
    """Knows the pair and its row of the table; judges evaluations that hold the truth.

    `ask(e, arrays, cotangents)` asks the candidate for altered numbers, contiguous, and `ask(e)` for the ordinary case.
    """

    pair: Pair
    row: Row
    ask: Ask | None = None
    explained: dict[Any, Any] = field(default_factory=dict)
    """Experiments that were made, by what they are about."""

    def judge(self, e: Evaluation, party: Party, probe: bool = False) -> Judged:
        """The grade of what a candidate returned; with `probe` no further question is put to the candidate."""
        own = self._budget(e.direction, e.dtype)
        if party.error:
            return self._refused(e, party, own, None if probe else self.ask)
        fault, answers, found = self._answers(e, party)
        if fault is not None:
            unasked = (
                fault.stage == "dtype" and e.case.condition in UNPROMISED
            )  # what dtype a list has, every library knows best
            return Judged("tight" if unasked else "fail", fault, own, self.row, counted=not unasked)
        for a in answers:
            self._within_budgets(e, a)
        found += self._beyond(e, party, [a for a in answers if a.open.any()], None if probe else self.ask)
        return self._verdict(e, answers, found, own)

    def accepted(self, e: Evaluation, party: Party) -> list[np.ndarray | None]:
        """The elements of each output that are accepted, whatever the others are; None where nothing is compared."""
        fault, answers, _ = self._answers(e, party)
        found: list[np.ndarray | None] = [None] * len(e.truths)
        if fault is None:
            for a in answers:
                self._within_budgets(e, a)
            self._beyond(e, party, [a for a in answers if a.open.any()], None)
            for a in answers:
                found[a.position] = ~a.open
        return found

    def see(self, e: Evaluation, party: Party, probe: bool = False) -> Seen:
        """The judgement with what it is about; of two answers to one input the worse counts."""
        if e.case.refused:
            return Seen(e, party, self._contract(e, party))
        first = Seen(e, (one := structured(e, replace(party, again=None))), self.judge(e, one, probe))
        if party.again is None:
            return first
        again = structured(e, replace(party, outputs=party.again, again=None))
        second = Seen(e, again, self.judge(e, again, probe))
        return max(first, second, key=lambda s: (GRADES.index(s.judged.grade), s.judged.outcome.units))

    # -- budgets ---------------------------------------------------------------------------------------------------------------
    def _budget(self, direction: str, dtype: str) -> float:
        return float(self.row.budget("ours", direction, dtype) or 0.0)

    def references(self, direction: str, dtype: str) -> list[str]:
        """The references that answer in this direction and dtype."""
        return reference_names(self.pair, dtype, direction)

    def parity_budget(self, direction: str, dtype: str) -> float:
        """npimpl's budget and the worst reference's."""
        budgets = [self.row.budget(r, direction, dtype) for r in self.references(direction, dtype)]
        return self._budget(direction, dtype) + max((b for b in budgets if b is not None), default=0.0)

    def is_exact(self, direction: str) -> bool:
        """Whether the op does no arithmetic in this direction: its budget is 0 in every dtype."""
        budgets = self.row.data["budget"].get(direction, {})
        return bool(budgets) and not any(budgets.values())

    # -- structure -------------------------------------------------------------------------------------------------------------
    def _answers(self, e: Evaluation, party: Party) -> tuple[Outcome | None, list[Answer], list[Limit]]:
        """The outputs, measured; or what keeps them from being compared.  With the limits that their types are."""
        answers: list[Answer] = []
        found: list[Limit] = []
        for i, (got, truth) in enumerate(zip(party.outputs, e.truths, strict=False)):
            if truth is None:
                if got is not None and not oracle.is_float(e.built.arrays[i]):
                    return _fault("structure", i, "returned a gradient where None is expected"), [], []
                found += [] if got is None else [surplus_gradient(e.built.kinds[i].name)]
                continue
            if got is None and e.direction == "backward" and e.built.kinds[i].name in optional(self.pair):
                found.append(absent_gradient(e.built.kinds[i].name))
                continue
            types = [x for x in (scalar(got, truth, e.dtype), promoted(got, truth, e.dtype)) if x is not None]
            found += types
            floor = limits(self.row.regions("ours", e.direction, e.dtype), e, truth, 0.0)[1]
            measured = errors(got, truth, e.dtype, floor=floor, same_dtype=not types)
            if measured.fault:
                return _fault(measured.fault, i, measured.message), [], []
            answers.append(Answer(i, np.asarray(got), truth, measured, np.full(truth.value.shape, OPEN)))
        return None, answers, found

    def _within_budgets(self, e: Evaluation, a: Answer) -> None:
        own = self._budget(e.direction, e.dtype)
        limit = limits(self.row.regions("ours", e.direction, e.dtype), e, a.truth, own)[0]
        a.settle(a.errors.units <= limit, TIGHT)
        if a.truth.hi is not None:
            a.settle(a.errors.units <= np.maximum(limit, self.parity_budget(e.direction, e.dtype)), PARITY)

    # -- beyond the budgets ----------------------------------------------------------------------------------------------------
    def _beyond(self, e: Evaluation, party: Party, answers: list[Answer], ask: Ask | None) -> list[Limit]:
        if not answers:
            return []
        depends = Dependence(e, self.pair)
        found: list[Limit] = []
        explainer = Explainer(self, e, party, depends, ask)
        for a in answers:
            a.settle(explainer.no_worse(a), PARITY)
        if not self.is_exact(e.direction):
            for a in answers:
                found += self._stable(e, a, depends)
        for experiment in explainer.experiments:
            still = [a for a in answers if a.open.any()]
            found += experiment(still) if still else []
        return found

    def _stable(self, e: Evaluation, a: Answer, depends: Dependence) -> list[Limit]:
        """Settle what a stable algorithm may return; among it, the limit that the problem is ill conditioned."""
        if a.truth.hi is None:
            return []
        allowed = self.allowance(e, a.position, a.truth, depends, a.open)
        if allowed is None:
            return []
        near = units_of(a.got, a.truth, e.dtype, unit=allowed) <= 1.0
        stable = a.open & near & np.isfinite(a.truth.hi) & (a.errors.stage != SIGN)
        a.settle(stable, STABLE)
        return ill_conditioned(e, a, stable)

    def allowance(
        self, e: Evaluation, position: int, truth: Truth, depends: Dependence, where: np.ndarray
    ) -> np.ndarray | None:  # fmt: skip
        """C u S for each element of one output, at least some quanta; None where the definition has no S."""
        size = depends.sensitivity(position, where)
        if size is None:
            return None
        fmt, alone, own = FORMATS[e.dtype], is_elementwise(self.pair.op), self.row.data.get("stable", {})
        if own.get("normwise") and size.ndim >= 2:
            size = np.broadcast_to(np.max(size, axis=(-2, -1), keepdims=True, initial=0.0), size.shape)
        many = float(own.get("C", C)) + (0.0 if alone else depends.terms(position))
        with np.errstate(over="ignore"):
            allowed = np.maximum(many * (work_unit(e.dtype) * size), many / 2 * fmt.smallest)
            if e.dtype in ("float16", "bfloat16"):
                chain = size if alone or "narrow" in own else np.abs(np.nan_to_num(truth.hi))
                allowed = allowed + float(own.get("narrow", NARROW_UNITS)) * fmt.u * np.minimum(chain, fmt.max)
        return np.fmin(allowed, np.finfo(np.float64).max)

    # -- the verdict -----------------------------------------------------------------------------------------------------------
    def _verdict(self, e: Evaluation, answers: list[Answer], found: list[Limit], own: float) -> Judged:
        open_ = [a for a in answers if a.open.any()]
        if open_:
            return Judged("fail", _worst_open(max(open_, key=_badness)), own, self.row)
        states = [int(a.state[a.state < OPEN].max(initial=TIGHT)) for a in answers]
        grade = GRADES[max(states, default=TIGHT)]
        allowed = self.parity_budget(e.direction, e.dtype) if grade == "parity" else own
        return Judged(grade, _worst_settled(answers), allowed, self.row, tuple(found))

    def _contract(self, e: Evaluation, party: Party) -> Judged:
        """What must be refused: with any exception it is, and an answer is a limit."""
        if party.error_type in DEATHS:
            return Judged("fail", Outcome(False, "error", np.inf, (), party.error), 0.0, self.row)
        answered = not party.error or party.error_type in ANSWERS
        found = (accepted(e.case.refused),) if answered else ()
        return Judged("tight", Outcome(True, "values", 0.0), 0.0, self.row, found, counted=False)

    def _refused(self, e: Evaluation, party: Party, own: float, ask: Ask | None) -> Judged:
        outcome = Outcome(False, "error", np.inf, (), party.error)
        limit = Explainer(self, e, party, None, ask).refusal()
        if limit is None:
            return Judged("fail", outcome, own, self.row)
        limits = () if limit.text in UNPROMISED else (limit,)
        return Judged("tight", Outcome(True, "values", 0.0), own, self.row, limits, counted=False)


def _fault(stage: str, position: int, message: str) -> Outcome:
    return Outcome(False, stage, np.inf, (position,), message)


def _badness(a: Answer) -> tuple[bool, float]:
    units = a.errors.units[a.open]
    return bool((a.errors.stage[a.open] != VALUES).any()), float(units.max(initial=0.0))


def _worst_open(a: Answer) -> Outcome:
    """The worst of the elements that nothing explains: a wrong nan before a wrong number."""
    masked = Errors(np.where(a.open, a.errors.units, 0.0), np.where(a.open, a.errors.stage, VALUES))
    found = outcome(masked, a.got, a.truth, 0.0)
    return replace(found, holds=False, index=(a.position, *found.index))


def _worst_settled(answers: list[Answer]) -> Outcome:
    worst = Outcome(True, "values", 0.0)
    for a in answers:
        units = np.where(a.state < OPEN, a.errors.units, -1.0)
        if units.size and units.max() > worst.units:
            at = np.unravel_index(int(np.argmax(units)), units.shape)
            worst = Outcome(True, "values", float(units.max()), (a.position, *map(int, at)))
    return worst
