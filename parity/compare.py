"""Two results become one outcome, stage by stage: structure, shape, dtype, nan, infinities, signs of zero, values.

Errors are measured in units of u * scale (see `oracle.Truth`), with half the smallest subnormal as a floor of the
denominator: `units = |got - exact| / max(u * scale, quantum)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.hostile import FORMATS
from parity.oracle import Truth

WIDE = 2.0**100
"""Multiplies small numbers so that the quantum of float64, 2^-1075, is representable while errors are measured."""

EDGE = 8
"""A result within this many units of the largest number may be rounded to infinity, and the other way round."""


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


def compare(got, truth: Truth, budget, dtype: str, *, floor=0.0, check_dtype: bool = True) -> Outcome:
    """Judge `got` against the truth: at most `budget` units (a number, or an array of them) everywhere.

    `floor` is an absolute error granted on top, in the units of the value (only regions of the table set one).
    """
    failed = _structure(got, truth, check_dtype)
    if failed is not None:
        return failed
    got = np.asarray(got)
    if truth.hi is None:
        return _exactly(got, truth.value)
    units = units_of(got, truth, dtype, floor)
    pattern = _pattern(got, truth, dtype)
    if pattern is not None:
        return pattern
    over = ~(units <= budget)
    worst = int(np.argmax(np.where(over, units, -1.0) if over.any() else units)) if units.size else 0
    index = tuple(int(i) for i in np.unravel_index(worst, units.shape)) if units.size else ()
    return Outcome(not over.any(), "values", float(units.max(initial=0.0)), index)


def _structure(got, truth: Truth, check_dtype: bool) -> Outcome | None:
    if not isinstance(got, (np.ndarray, np.generic, float, int, bool)):
        return Outcome(False, "structure", np.inf, (), f"returned {type(got).__name__}, an array was expected")
    array = np.asarray(got)
    if array.shape != truth.value.shape:
        return Outcome(False, "shape", np.inf, (), f"has shape {array.shape}, expected {truth.value.shape}")
    integers = array.dtype.kind in "iub" and truth.value.dtype.kind in "iub"
    if check_dtype and array.dtype != truth.value.dtype and not integers:
        return Outcome(False, "dtype", np.inf, (), f"has dtype {array.dtype}, expected {truth.value.dtype}")
    if truth.hi is None and array.dtype.kind not in "iub":
        return Outcome(False, "dtype", np.inf, (), f"has dtype {array.dtype}, expected an integer or boolean one")
    return None


def _exactly(got: np.ndarray, value: np.ndarray) -> Outcome:
    wrong = got != value
    if not wrong.any():
        return Outcome(True, "values", 0.0)
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return Outcome(False, "values", np.inf, index, f"{int(wrong.sum())} of {wrong.size} elements differ")


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0])


@np.errstate(all="ignore")
def _pattern(got: np.ndarray, truth: Truth, dtype: str) -> Outcome | None:
    """nan where and only where the truth is nan; infinities likewise, but for results at the very edge of the range; a
    stated sign of zero.
    """
    assert truth.hi is not None
    g, fmt = got.astype(np.float64), FORMATS[dtype]
    edge = fmt.max * (1 - EDGE * fmt.u)
    unlike = np.isinf(g) != np.isinf(truth.value.astype(np.float64))
    at_edge = (np.abs(g) >= edge) & (np.abs(truth.hi) >= edge) & np.isfinite(truth.hi)
    opposite = np.isinf(g) & (np.sign(g) != np.sign(truth.hi))
    for name, mask in (
        ("nan", np.isnan(g) != np.isnan(truth.hi)),
        ("infinity", (unlike & ~at_edge) | (opposite & ~np.isnan(truth.hi))),
    ):
        if mask.any():
            text = f"{name} where none is expected, or none where one is, in {int(mask.sum())} of {mask.size} elements"
            return Outcome(False, name, np.inf, _first(mask), text)
    if truth.zero_sign is not None:
        wrong = (truth.hi == 0) & (g == 0) & (truth.zero_sign != 0) & (np.signbit(g) != (truth.zero_sign < 0))
        if wrong.any():
            text = f"the sign of zero is wrong in {int(wrong.sum())} of {wrong.size} elements"
            return Outcome(False, "sign of zero", np.inf, _first(wrong), text)
    return None


@np.errstate(all="ignore")
def units_of(got, truth: Truth, dtype: str, floor=0.0) -> np.ndarray:
    """The error of each element in units; 0 where both are the same nan or infinity, inf where only one is."""
    assert truth.hi is not None
    assert truth.lo is not None
    assert truth.scale is not None
    fmt = FORMATS[dtype]
    hi, g = truth.hi, np.asarray(got).astype(np.float64)
    overflow = 2.0 ** min(fmt.max_exponent + 1, 1023)
    if dtype == "float64":
        large = np.abs(hi) >= 2.0**1000
        shrink = np.where(large, 2.0**-1, 1.0)
        g, hi = np.where(np.isinf(g), np.copysign(2.0**1023, g), g * shrink), np.where(large, hi * shrink, hi)
        g = np.where(np.isinf(np.asarray(got, np.float64)) & ~large, np.inf, g)
        scale, lo = truth.scale * shrink, truth.lo * shrink
    else:
        lo, scale = truth.lo, truth.scale
        hi = np.clip(hi, -overflow, overflow)
        g = np.clip(g, -overflow, overflow)
    wide = np.where(scale > 1.0, 1.0, WIDE)
    error = np.abs((g - hi) * wide - lo * wide)
    quantum = fmt.smallest * wide / 2
    units = error / (np.maximum(fmt.u * (scale * wide), quantum) + floor * wide)
    plain, value = np.asarray(got).astype(np.float64), truth.value.astype(np.float64)
    exact = (np.isnan(truth.hi) & np.isnan(plain)) | ((plain == truth.hi) & ((lo == 0) | np.isinf(plain)))
    exact |= np.isinf(value) & (plain == value)  # correct overflow
    return np.where(exact, 0.0, np.where(np.isnan(units), np.inf, units))
