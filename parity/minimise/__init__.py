"""The smallest input that still fails in the same way: fewer options, then fewer elements, then simpler values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parity.candidate.grade import Seen
from parity.cases import Case
from parity.minimise.options import simplify_options
from parity.minimise.shapes import shorten
from parity.minimise.trial import FEW, Trial, why_not_smaller
from parity.minimise.values import simplify_values
from parity.verdict import Check

ROUNDS = 3
"""Simpler values can make shorter arrays possible, so that the steps are repeated while an array is large."""


@dataclass(frozen=True)
class Minimised:
    """The smallest failing input that was found."""

    seen: Seen
    case: Case
    """Its case, with options, arrays and cotangents, so that it can be asked again."""
    why: str
    """Empty where every array has at most 4 elements; otherwise why it can not be smaller."""
    tried: int
    """How many inputs were tried."""


def minimise(
    check: Check,
    seen: Seen,
    observe: Callable[[Case, str, str], Seen | None],
    *,
    limit: int = 250,
    seconds: float = 5.0,
) -> Minimised:
    """The smallest input with the symptom of `seen`, after at most `limit` inputs and about `seconds`."""
    trial = Trial(check, seen, observe, limit, seconds)
    simplify_options(trial)
    for _ in range(ROUNDS):
        before = trial.seen
        shorten(trial)
        simplify_values(trial)
        if trial.seen is before or trial.spent or trial.size <= FEW:
            break
        simplify_options(trial)
    return Minimised(trial.seen, trial.seen.evaluation.case, why_not_smaller(trial), trial.tried)
