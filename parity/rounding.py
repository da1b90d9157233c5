"""Round once: from a ball to float64, float32, float16 or bfloat16, to nearest even, with a proof.

Going through float64 rounds twice.  The way around is rounding to odd (Boldo & Melquiond, Emulation of FMA and correctly
rounded sums, IEEE Trans. Computers 57(4), 2008, theorem 3): a float64 whose last bit records "there was more" rounds
to any narrower format as the exact number would.
"""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
from flint import arb

from parity.hostile import FORMATS

DTYPES = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}
TINY = 2.0**-960
"""Below this the low part of a float64 result would itself underflow; it is then left out."""


def split(ball: arb) -> tuple[float, float, float]:
    """(hi, lo, slack) with |ball - hi - lo| <= slack for every point of the ball; hi is the nearest float64.

    hi is nan for nan, +-inf beyond the range, and a zero of the ball's sign below it.
    """
    hi = float(ball)
    if hi == 0.0:
        return (-0.0 if ball < 0 else 0.0), 0.0, float(ball.abs_upper())
    if hi != hi or hi in (np.inf, -np.inf):
        return hi, 0.0, 0.0 if hi != hi or ball.is_exact() or abs(ball) > arb(2) ** 1023 else np.inf
    rest = ball - hi
    lo = float(rest)
    beyond = rest - lo
    if abs(math.frexp(lo)[0]) == 0.5 and (beyond > 0 or beyond < 0):
        # lo looks like a tie but is not one: step off it to the side where the rest is, which decides the rounding
        return hi, math.nextafter(lo, math.inf if beyond > 0 else -math.inf), 0.0
    return hi, lo, float(beyond.abs_upper())


def to_odd(hi: np.ndarray, lo: np.ndarray) -> np.ndarray:
    """hi + lo truncated toward zero to float64, with the last bit set when anything was cut off."""
    bits = np.array(hi, np.float64, order="C").view(np.int64)
    inexact = (lo != 0) & np.isfinite(hi) & (hi != 0)
    bits = bits - (inexact & (np.signbit(lo) != np.signbit(hi)))
    return np.asarray(bits | inexact).view(np.float64)


def nearest(hi: np.ndarray, lo: np.ndarray, dtype: str) -> np.ndarray:
    """hi + lo (|lo| at most half an ulp of hi) rounded to nearest even in `dtype`."""
    with np.errstate(all="ignore"):
        if dtype == "float64":
            return np.array(hi)
        odd = to_odd(hi, lo)
        if dtype != "bfloat16":
            return np.asarray(odd.astype(DTYPES[dtype]))
        return np.asarray(_odd_float32(odd).astype(DTYPES["bfloat16"]))


def _odd_float32(x: np.ndarray) -> np.ndarray:
    """float64 to float32, rounded to odd."""
    y = np.asarray(x.astype(np.float32))
    inexact = (y.astype(np.float64) != x) & np.isfinite(x)
    away = np.abs(y.astype(np.float64)) > np.abs(x)
    bits = y.view(np.int32) - (inexact & away).astype(np.int32)
    return np.asarray(bits | inexact).view(np.float32)


def is_proven(hi: np.ndarray, lo: np.ndarray, slack: np.ndarray, dtype: str) -> np.ndarray:
    """Where every point of the ball rounds to the same number of `dtype`."""
    quantum = FORMATS[dtype].smallest / 2
    with np.errstate(all="ignore"):
        if dtype == "float64":
            side = np.copysign(np.inf, lo)
            half = np.abs(np.nextafter(hi, side) - hi) / 2
            sure = (slack == 0) | (np.abs(lo) + slack < half) | ((np.abs(hi) < TINY) & (slack <= 2.0**-1074))
        else:
            low, high = nearest(hi, lo - slack, dtype), nearest(hi, lo + slack, dtype)
            sure = (low == high) & (slack <= np.abs(hi) * 2.0**-54)  # to_odd needs |lo| within an ulp of hi
            sure |= np.abs(hi) + np.abs(lo) + slack < quantum  # all of it rounds to zero
        return np.asarray(sure | np.isnan(hi))
