"""The one comparison: an answer against the truth, element by element.

Ours, torch, SciPy and a candidate are measured by the same function, in a run, a search, a sweep, a certification and a
validation.  Each element gets a stage (what is wrong with it before numbers can be compared) and its error in units:

    units = |got - exact| / max(u scale, quantum),   quantum = half the smallest subnormal number

A verdict is a rule over these rows (`parity.check.verdict`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.formats import FORMATS, Format
from parity.oracle import Truth

WIDE = 2.0**100
"""Multiplies small numbers so that the quantum of float64, 2^-1075, is representable while errors are measured."""
EDGE = 8
"""A result within this many units of the largest number may be rounded to infinity, and the other way round."""
STAGES = ("values", "nan", "infinity", "sign of zero")
VALUES, NAN, INFINITY, SIGN = range(4)


@dataclass(frozen=True)
class Errors:
    """How wrong each element of one output is.

    `fault` is "structure", "shape" or "dtype" where the output as a whole cannot be compared; every element is then wrong.
    """

    units: np.ndarray
    """inf where the stage is none of values."""
    stage: np.ndarray
    """Places in STAGES."""
    fault: str = ""
    message: str = ""

    @property
    def names(self) -> np.ndarray:
        """The stage of each element in words; the fault where there is one."""
        return np.full(self.stage.shape, self.fault) if self.fault else np.array(STAGES)[self.stage]


def errors(got: Any, truth: Truth, dtype: str, *, floor: Any = 0.0, same_dtype: bool = True) -> Errors:
    """The errors of one output.

    `floor` is an absolute error granted on top, in the units of the value (only regions of the table set one).  With
    `same_dtype` an answer in another dtype is a fault.
    """
    fault, message = fault_of(got, truth, same_dtype)
    if fault:
        return Errors(np.full(truth.value.shape, np.inf), np.zeros(truth.value.shape, np.int8), fault, message)
    got = np.asarray(got)
    if truth.hi is None:
        return Errors(np.where(got != truth.value, np.inf, 0.0), np.zeros(got.shape, np.int8))
    stage = stages(got, truth, dtype)
    return Errors(np.where(stage == VALUES, units_of(got, truth, dtype, floor), np.inf), stage)


def fault_of(got: Any, truth: Truth, same_dtype: bool = True) -> tuple[str, str]:
    """What keeps an output from being compared, with a sentence; ("", "") if nothing does."""
    if not isinstance(got, (np.ndarray, np.generic, float, int, bool)):
        return "structure", f"returned {type(got).__name__}, an array was expected"
    array = np.asarray(got)
    if array.shape != truth.value.shape:
        return "shape", f"has shape {array.shape}, expected {truth.value.shape}"
    integers = array.dtype.kind in "iub" and truth.value.dtype.kind in "iub"
    if same_dtype and array.dtype != truth.value.dtype and not integers:
        return "dtype", f"has dtype {array.dtype}, expected {truth.value.dtype}"
    if truth.hi is None and array.dtype.kind not in "iub":
        return "dtype", f"has dtype {array.dtype}, expected an integer or boolean one"
    return "", ""


# -- stages --------------------------------------------------------------------------------------------------------------------
@np.errstate(all="ignore")
def stages(got: np.ndarray, truth: Truth, dtype: str) -> np.ndarray:
    """nan where and only where the truth is nan; infinities likewise; a stated sign of zero."""
    assert truth.hi is not None
    g = _overflown(np.asarray(got).astype(np.float64), FORMATS[dtype])
    value, sign = truth.value.astype(np.float64), wrong_sign(g, truth)
    if np.isfinite(g).all() and np.isfinite(value).all():
        return np.where(sign, SIGN, VALUES).astype(np.int8)
    nan, infinity = wrong_specials(g, truth.hi, value, FORMATS[dtype], truth.scale)
    return np.select([nan, infinity, sign], [NAN, INFINITY, SIGN], VALUES).astype(np.int8)


def _overflown(got: np.ndarray, fmt: Format) -> np.ndarray:
    """What was returned in a wider dtype is infinite where the dtype of the question has no such number."""
    if fmt.name == "float64":
        return got
    over = np.abs(got) >= 2.0 ** (fmt.max_exponent + 1) * (1 - fmt.u / 2)
    return np.where(over, np.copysign(np.inf, got), got) if over.any() else got


@np.errstate(all="ignore")
def wrong_specials(got, hi, value, fmt: Format, scale=None) -> tuple[np.ndarray, np.ndarray]:
    """Where a nan, and where an infinity, is wrong or missing; at the very edge of the range either will do.

    All are float64: `hi` is the exact result, `value` its rounding to the dtype, `scale` that of the errors (|hi| if None).
    """
    nan = np.isnan(got) != np.isnan(hi)
    edge = fmt.max * (1 - EDGE * fmt.u)
    reach = fmt.max / 2 + EDGE * fmt.u * (np.abs(hi) if scale is None else np.fmax(scale, np.abs(hi))) / 2
    at_edge = (np.abs(got) >= edge) & (np.abs(hi) >= edge) & (np.abs(hi) / 2 <= reach) & np.isfinite(hi)
    unlike = (np.isinf(got) != np.isinf(value)) & ~at_edge
    opposite = np.isinf(got) & (np.sign(got) != np.sign(hi))
    return nan, (unlike | opposite) & ~nan & ~np.isnan(hi)


def wrong_sign(got: np.ndarray, truth: Truth) -> np.ndarray:
    """Where both are zero, the truth states the sign, and it is the other one."""
    if truth.zero_sign is None:
        return np.zeros(np.shape(got), bool)
    stated = (truth.hi == 0) & (got == 0) & (truth.zero_sign != 0)
    if not stated.any():
        return stated
    return stated & (np.signbit(got) != (truth.zero_sign < 0))


# -- units ---------------------------------------------------------------------------------------------------------------------
@np.errstate(all="ignore")
def units_of(got: Any, truth: Truth, dtype: str, floor: Any = 0.0, unit: np.ndarray | None = None) -> np.ndarray:
    """The error of each element in units; 0 where both are the same nan or infinity, inf where only one is.

    `unit` replaces max(u scale, quantum) as what counts as one (a sweep gives the spacing of the dtype).
    """
    assert truth.hi is not None
    assert truth.lo is not None
    fmt = FORMATS[dtype]
    plain = _overflown(np.asarray(got).astype(np.float64), fmt)
    g, hi, lo, scale, unit = _within_range(plain, truth, dtype, unit)
    wide = np.where((hi if scale is None else scale) > 1.0, 1.0, WIDE)
    error = np.abs((g - hi) * wide - lo * wide)
    unit = np.maximum(fmt.u * (scale * wide), fmt.smallest * wide / 2) if unit is None else unit * wide
    units = error / (unit + floor * wide)
    exact = (np.isnan(truth.hi) & np.isnan(plain)) | ((plain == truth.hi) & ((lo == 0) | np.isinf(plain)))
    value = truth.value.astype(np.float64)
    exact |= np.isinf(value) & (plain == value)  # correct overflow
    return np.where(exact, 0.0, np.where(np.isnan(units), np.inf, units))


def _within_range(g: np.ndarray, truth: Truth, dtype: str, unit):
    """What was returned, the truth, its rest, the scale and the unit, so scaled that an infinity is 2^(emax + 1)."""
    hi, lo, scale = truth.hi, truth.lo, truth.scale
    assert hi is not None
    if dtype != "float64":
        over = 2.0 ** (FORMATS[dtype].max_exponent + 1)
        return np.clip(g, -over, over), np.clip(hi, -over, over), np.where(np.abs(hi) < over, lo, 0.0), scale, unit
    large = np.abs(hi) >= 2.0**1000
    shrink = np.where(large, 2.0**-1, 1.0)
    shrunk = np.where(np.isinf(g), np.copysign(2.0**1023, g), g * shrink)
    shrunk = np.where(np.isinf(g) & ~large, np.inf, shrunk)
    rest = None if scale is None else scale * shrink
    return shrunk, np.where(large, hi * shrink, hi), lo * shrink, rest, None if unit is None else unit * shrink
