"""Is my implementation right?  A candidate stands in for ours and gets a grade per dtype and direction.

- tight: within our own budget at every input;
- parity: within the tolerance at which we and the worst reference are held to agree, our budget plus theirs; where a
  reference is known to be wrong, an answer that agrees with it, or is nearer to the truth than it, is still at parity;
- fail: somewhere worse than that.

A kernel that is more accurate than torch can not fail for it: every judgement is against the truth.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from parity.compare import Outcome, compare, units_of
from parity.errors import ParityError
from parity.evaluate import Evaluation, Implementation, Party, evaluate, library
from parity.loader import catalogue, select
from parity.oracle import Truth
from parity.pair import Pair
from parity.results import Grade, ValidationResult
from parity.runner import SCIPY_DTYPES, _detail, _regional, case_of, checks_of, judge_party
from parity.statistics import law_verdict
from parity.tolerances import Row, Table, read_table
from parity.verdict import Check, Verdict

Source = Callable[[str, str, str, str], Evaluation]


def validate(
    forward: Callable[..., Any] | None,
    op: str,
    *,
    backward: Callable[..., Any] | None = None,
    dtypes: Iterable[str] = (),
    table: Table | None = None,
    name: str = "",
    source: Source | None = None,
    first_failure: bool = False,
) -> ValidationResult:
    """Grade `forward` (and `backward`) as an implementation of `op`.

    `dtypes` are those to judge (default: all of the op's); one that the candidate refuses is counted as not covered.
    `source(op, hazard, dtype, direction)` may supply evaluations (to judge many candidates on one truth);
    `first_failure` stops at the first failed check of each dtype and direction.
    """
    (op,) = select([op])
    table = read_table() if table is None else table
    if op not in table.rows:
        raise ParityError(f"{op} has no row in {table.path}, so there is nothing to judge it by; add one.")
    pair, row = catalogue()[op], table.rows[op]
    candidate = Implementation(forward, backward)
    judge = _Judge(pair, row, candidate, _fresh if source is None else source, first_failure)
    grades = []
    for dtype in tuple(dtypes) or pair.dtypes:
        grades += [judge.grade(dtype, d) for d, fn in (("forward", forward), ("backward", backward)) if fn is not None]
    if forward is not None and pair.laws:
        grades.append(_distribution(pair, row, candidate))
    shown = name or getattr(forward or backward, "__name__", type(forward).__name__)
    return ValidationResult(op, shown, tuple(grades))


def _fresh(op: str, hazard: str, dtype: str, direction: str) -> Evaluation:
    return evaluate(catalogue()[op], case_of(op, hazard, dtype, direction), dtype, direction)


@dataclasses.dataclass
class _Judge:
    pair: Pair
    row: Row
    candidate: Implementation
    source: Source
    first_failure: bool

    def grade(self, dtype: str, direction: str) -> Grade:
        """All cases of one dtype and direction."""
        checks = [c for c in checks_of(self.pair.op) if (c.dtype, c.direction, c.reference) == (dtype, direction, "truth")]
        held: list[tuple[str, Verdict]] = []
        missing: list[str] = []
        for check in checks:
            reason = self._lacks(check, direction)
            if reason:
                missing.append(f"{check.hazard}: {reason}")
                continue
            grade, verdict = self.check(check)
            if grade == "refused":
                return Grade(dtype, direction, "not covered", 0, None, (), (f"{dtype}: {verdict.message}",))
            held.append((grade, verdict))
            if grade == "fail" and self.first_failure:
                break
        return _graded(dtype, direction, held, missing)

    def _lacks(self, check: Check, direction: str) -> str:
        """The option of this case that the candidate has no parameter for, if any."""
        fn = self.candidate.forward if direction == "forward" else self.candidate.backward
        try:
            parameters = inspect.signature(fn).parameters if fn is not None else {}
        except (TypeError, ValueError):
            return ""
        if any(p.kind == p.VAR_KEYWORD for p in parameters.values()) or self.pair.call.__name__ != "_plain_call":
            return ""
        case = case_of(self.pair.op, check.hazard, check.dtype, direction)
        absent = [k for k in case.options if k not in parameters]
        return f"has no option `{absent[0]}`" if absent else ""

    def check(self, check: Check) -> tuple[str, Verdict]:
        """The grade of one case and the verdict behind it."""
        e = self.source(check.op, check.hazard, check.dtype, check.direction)
        mine = dataclasses.replace(e, parties={k: p for k, p in e.parties.items() if k != "ours"})
        party = mine.party("ours", self.candidate)
        if check.hazard == "ordinary" and party.error_type in ("TypeError", "NotImplementedError") and "float" in party.error:
            return "refused", Verdict(check, "skipped", message=party.error)
        outcome, budget = judge_party(mine, party, self.row, "ours")
        if outcome.holds or self.row.difference("ours", check.direction, check.dtype, check.hazard):
            return "tight", Verdict(check, "held", outcome.units, budget)
        allowed = budget + self._reference_budget(check)
        if not party.error and self._at_parity(mine, e, party, allowed):
            return "parity", Verdict(check, "held", outcome.units, allowed)
        detail = self._detail(e, mine, outcome)
        return "fail", Verdict(check, "violated", outcome.units, budget, outcome.stage, outcome.message, detail)

    def _detail(self, e: Evaluation, mine: Evaluation, outcome: Outcome) -> dict[str, Any]:
        """What the candidate returned, beside what everybody else returns there."""
        detail = {"got" if k == "ours" else k: v for k, v in _detail(mine, outcome, "ours", self.candidate).items()}
        if not self.first_failure:
            for name in ("ours", *self._references_of(e)):
                e.party(name, library(self.pair))
            others = _detail(e, outcome, "ours", self.candidate)
            detail |= {k: others[k] for k in ("ours", "torch", "scipy", "truth") if k in others}
        return detail

    def _references(self, check: Check) -> list[str]:
        names = ["torch"] if self.pair.torch is not None else []
        if self.pair.scipy is not None and check.direction == "forward" and check.dtype in SCIPY_DTYPES:
            names.append("scipy")
        return names

    def _reference_budget(self, check: Check) -> float:
        budgets = [self.row.budget(r, check.direction, check.dtype) for r in self._references(check)]
        return max((b for b in budgets if b is not None), default=0.0)

    def _at_parity(self, mine: Evaluation, e: Evaluation, party: Party, allowed: float) -> bool:
        """Element by element: within the references' budget of the truth, or where one is known to be wrong, with it."""
        check = (e.direction, e.dtype, e.case.name)
        listed = [r for r in self._references_of(e) if self.row.difference(r, *check) is not None]
        # At an input that a search found for ours nobody has listed what the references do: it is measured here and now.
        wrong = listed if e.case.stored is None else self._references_of(e)
        theirs = [e.party(r, library(self.pair)) for r in wrong]
        if len(party.outputs) < len(e.truths):
            return False
        for i, (got, truth) in enumerate(zip(party.outputs, e.truths, strict=False)):
            if truth is None:
                if got is not None:
                    return False
                continue
            if not self._output_at_parity(mine, got, truth, [t.outputs[i] for t in theirs if len(t.outputs) > i], allowed):
                return False
        return True

    def _references_of(self, e: Evaluation) -> list[str]:
        return self._references(Check(self.pair.op, e.dtype, e.direction, "truth", e.case.name))

    def _output_at_parity(self, e: Evaluation, got, truth: Truth, theirs: list, allowed: float) -> bool:
        outcome = self._compared(e, got, truth, allowed)
        if outcome.holds:
            return True
        if outcome.stage in ("structure", "shape", "dtype") or truth.hi is None:
            return outcome.stage == "values" and any(np.array_equal(got, t) for t in theirs)
        fine = _elements(got, truth, allowed, e.dtype)
        for t in theirs:
            if t is not None and np.shape(t) == truth.value.shape:
                fine |= _elements(got, truth, units_of(t, truth, e.dtype), e.dtype) & np.isfinite(np.asarray(t, np.float64))
                other = np.asarray(t).astype(np.float64)
                as_truth = Truth(
                    np.asarray(t), other, np.zeros_like(other), np.fmax(truth.scale, np.abs(other)), _signs(other, truth)
                )
                fine |= _elements(got, as_truth, 2 * allowed, e.dtype)
        return bool(fine.all())

    def _compared(self, e: Evaluation, got, truth: Truth, allowed: float) -> Outcome:
        limit, floor = _regional(e, self.row, "ours", allowed, truth)
        return compare(got, truth, np.maximum(limit, allowed), e.dtype, floor=floor)


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


def _graded(dtype: str, direction: str, held: list[tuple[str, Verdict]], missing: list[str]) -> Grade:
    if not held:
        return Grade(dtype, direction, "not covered", 0, None, (), tuple(missing))
    order = ("tight", "parity", "fail")
    worst_grade = max((g for g, _ in held), key=order.index)
    worst = max((v for g, v in held if g == worst_grade), key=lambda v: v.units if not math.isnan(v.units) else math.inf)
    failures = tuple(v for g, v in held if g == "fail")
    return Grade(dtype, direction, worst_grade, len(held), worst, failures, tuple(missing))


def _distribution(pair: Pair, row: Row, candidate: Implementation) -> Grade:
    verdicts = [law_verdict(pair, c, row, candidate) for c in checks_of(pair.op) if c.direction == "distribution"]
    held = [("tight" if v.status == "held" else "fail", v) for v in verdicts]
    return _graded("float64", "distribution", held, [])
