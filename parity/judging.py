"""Judges what a candidate returned: tight, parity or fail.

- tight: within our own budget at every input;
- parity: within the tolerance at which we and the worst reference are held to agree, our budget plus theirs; where a
  reference is known to be wrong, an answer that agrees with it, or is nearer to the truth than it, is still at parity;
- fail: somewhere worse than that.

A kernel that is more accurate than torch can not fail for it: every judgement is against the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from parity.compare import Outcome, compare, units_of
from parity.evaluate import Evaluation, Party, library, structured
from parity.oracle import Truth
from parity.pair import Pair
from parity.runner import SCIPY_DTYPES, judge_party, regional_limits
from parity.tolerances import Row

GRADES = ("tight", "parity", "fail")


@dataclass(frozen=True)
class Judged:
    """The grade of one answer ("tight", "parity" or "fail"), what the comparison found, and what was allowed."""

    grade: str
    outcome: Outcome
    budget: float
    """Our own budget where the grade is tight or fail, with the references' where it is parity."""
    row: Row
    """The row of the table that it was judged by."""


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


@dataclass(frozen=True)
class Judge:
    """Knows the pair and its row of the table; judges evaluations that hold the truth."""

    pair: Pair
    row: Row

    def judge(self, e: Evaluation, party: Party) -> Judged:
        """The grade of what a candidate returned."""
        outcome, budget = judge_party(e, party, self.row, "ours")
        if outcome.holds or self.row.difference("ours", e.direction, e.dtype, e.case.name):
            return Judged("tight", outcome, budget, self.row)
        allowed = budget + self._reference_budget(e.direction, e.dtype)
        beyond = None if party.error else self._beyond_parity(e, party, allowed)
        if beyond is None and not party.error:
            return Judged("parity", outcome, allowed, self.row)
        return Judged("fail", outcome if beyond is None else beyond, budget, self.row)

    def see(self, e: Evaluation, party: Party) -> Seen:
        """The judgement with what it is about; of two answers to one input the worse counts."""
        first = Seen(e, (one := structured(e, replace(party, again=None))), self.judge(e, one))
        if party.again is None:
            return first
        second = Seen(e, (two := structured(e, replace(party, outputs=party.again, again=None))), self.judge(e, two))
        return max(first, second, key=lambda s: (GRADES.index(s.judged.grade), s.judged.outcome.units))

    def references(self, direction: str, dtype: str) -> list[str]:
        """The references that answer in this direction and dtype."""
        names = ["torch"] if self.pair.torch is not None else []
        if self.pair.scipy is not None and direction == "forward" and dtype in SCIPY_DTYPES:
            names.append("scipy")
        return names

    def _reference_budget(self, direction: str, dtype: str) -> float:
        budgets = [self.row.budget(r, direction, dtype) for r in self.references(direction, dtype)]
        return max((b for b in budgets if b is not None), default=0.0)

    def _beyond_parity(self, e: Evaluation, party: Party, allowed: float) -> Outcome | None:
        """Where the party is beyond parity, element by element: further from the truth than the references' budget, and not
        with, nor nearer to the truth than, one that is known to be wrong.  None where it is nowhere.
        """
        check = (e.direction, e.dtype, e.case.name)
        listed = [r for r in self.references(e.direction, e.dtype) if self.row.difference(r, *check) is not None]
        # Of an input that is not one of the table's cases nobody has listed what the references do: it is measured now.
        wrong = listed if e.case.stored is None and not e.case.origin else self.references(e.direction, e.dtype)
        theirs = [e.party(r, library(self.pair)) for r in wrong]
        if len(party.outputs) < len(e.truths):
            return judge_party(e, party, self.row, "ours")[0]
        for i, (got, truth) in enumerate(zip(party.outputs, e.truths, strict=False)):
            if truth is None:
                if got is not None:
                    return Outcome(False, "structure", np.inf, (i,), "returned a gradient where None is expected")
                continue
            outcome = self._output_beyond(e, got, truth, [t.outputs[i] for t in theirs if len(t.outputs) > i], allowed)
            if outcome is not None:
                return replace(outcome, index=(i, *outcome.index))
        return None

    def _output_beyond(self, e: Evaluation, got, truth: Truth, theirs: list, allowed: float) -> Outcome | None:
        outcome = self._compared(e, got, truth, allowed)
        if outcome.holds:
            return None
        if outcome.stage in ("structure", "shape", "dtype") or truth.hi is None:
            same = outcome.stage == "values" and any(np.array_equal(got, t) for t in theirs)
            return None if same else outcome
        fine = _elements(got, truth, allowed, e.dtype)
        for t in theirs:
            if t is not None and np.shape(t) == truth.value.shape:
                fine |= _elements(got, truth, units_of(t, truth, e.dtype), e.dtype) & np.isfinite(np.asarray(t, np.float64))
                other = np.asarray(t).astype(np.float64)
                as_truth = Truth(
                    np.asarray(t), other, np.zeros_like(other), np.fmax(truth.scale, np.abs(other)), _signs(other, truth)
                )
                fine |= _elements(got, as_truth, 2 * allowed, e.dtype)
                # Where products of both signs overflow, nan or either infinity comes out, as the order of summation has it.
                infinite = np.isinf(truth.value.astype(np.float64)) & np.isinf(np.asarray(got, np.float64))
                fine |= np.isnan(other) & infinite
        return None if fine.all() else _worst_of(outcome, ~fine, units_of(got, truth, e.dtype))

    def _compared(self, e: Evaluation, got, truth: Truth, allowed: float) -> Outcome:
        limit, floor = regional_limits(e, self.row, "ours", allowed, truth)
        return compare(got, truth, np.maximum(limit, allowed), e.dtype, floor=floor)


def _worst_of(outcome: Outcome, beyond: np.ndarray, units: np.ndarray) -> Outcome:
    """The outcome, at the worst of the elements that are beyond parity (of wrong numbers: nan, infinities are seen anyway)."""
    if outcome.stage != "values" or (outcome.index and beyond[outcome.index]):
        return outcome
    at = np.unravel_index(int(np.argmax(np.where(beyond, np.nan_to_num(units, nan=np.inf), -1.0))), beyond.shape)
    return replace(outcome, index=tuple(int(k) for k in at), units=float(units[at]))


def _signs(other: np.ndarray, truth: Truth) -> np.ndarray | None:
    """Where the truth states signs of zeros, those that the reference has."""
    return None if truth.zero_sign is None else np.where(truth.zero_sign != 0, np.where(np.signbit(other), -1, 1), 0)


@np.errstate(all="ignore")
def _elements(got, truth: Truth, allowed: float, dtype: str) -> np.ndarray:
    g = np.asarray(got).astype(np.float64)
    same_nan = np.isnan(g) == np.isnan(truth.hi)
    same_infinity = ~np.isinf(truth.hi) | (g == truth.hi)
    fine = same_nan & same_infinity & (units_of(got, truth, dtype) <= allowed)
    if truth.zero_sign is not None:
        stated = (truth.hi == 0) & (g == 0) & (truth.zero_sign != 0)
        fine &= ~stated | (np.signbit(g) == (truth.zero_sign < 0))
    return fine
