"""A rule over rows of errors: whether an output holds, and where it is worst.  No printing, no pytest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.check.errors import INFINITY, NAN, SIGN, Errors, errors
from parity.oracle import Truth


@dataclass(frozen=True)
class Outcome:
    """What a comparison found.  It has no truth value on purpose: read `holds`."""

    holds: bool
    stage: str
    """The stage that failed, or "values"."""
    units: float
    """The worst error in units of u * scale (inf where a stage before "values" failed)."""
    index: tuple[int, ...] = ()
    """The element it was found at."""
    message: str = ""

    def __bool__(self) -> bool:
        raise TypeError("An Outcome has no truth value: read `.holds`, so that no verdict is dropped by accident.")


def compare(got: Any, truth: Truth, budget: Any, dtype: str, *, floor: Any = 0.0, check_dtype: bool = True) -> Outcome:
    """Judge `got` against the truth: at most `budget` units (a number, or an array of them) everywhere."""
    return outcome(errors(got, truth, dtype, floor=floor, same_dtype=check_dtype), got, truth, budget)


def outcome(found: Errors, got: Any, truth: Truth, budget: Any) -> Outcome:
    """The first stage that fails, in the order structure, shape, dtype, nan, infinities, signs of zero, values."""
    if found.fault:
        return Outcome(False, found.fault, np.inf, (), found.message)
    if truth.hi is None:
        return _exactly(found)
    for code, name in ((NAN, "nan"), (INFINITY, "infinity"), (SIGN, "sign of zero")):
        mask = found.stage == code
        if mask.any():
            return Outcome(False, name, np.inf, _first(mask), _sentence(code, mask, np.asarray(got), truth))
    units = found.units
    over = ~(units <= budget)
    worst = int(np.argmax(np.where(over, units, -1.0) if over.any() else units)) if units.size else 0
    index = tuple(int(i) for i in np.unravel_index(worst, units.shape)) if units.size else ()
    return Outcome(not over.any(), "values", float(units.max(initial=0.0)), index)


def _exactly(found: Errors) -> Outcome:
    wrong = found.units != 0
    if not wrong.any():
        return Outcome(True, "values", 0.0)
    return Outcome(False, "values", np.inf, _first(wrong), f"{int(wrong.sum())} of {wrong.size} elements differ")


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0])


def _sentence(code: int, mask: np.ndarray, got: np.ndarray, truth: Truth) -> str:
    """Which of the two has what the other has not, at the first of the wrong elements."""
    count = f"in {int(mask.sum())} of {mask.size} elements"
    if code == SIGN:
        return f"the sign of zero is wrong {count}"
    at = _first(mask)
    g, t = float(got[at]), float(truth.value[at])
    if code == NAN:
        return f"{'nan where none is expected' if np.isnan(g) else 'no nan where one is expected'} {count}"
    if np.isinf(g) and np.isinf(t):
        return f"an infinity of the wrong sign {count}"
    return f"{'an infinity where none is expected' if np.isinf(g) else 'no infinity where one is expected'} {count}"
