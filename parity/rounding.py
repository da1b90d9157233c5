"""Round once: from a ball to float64, float32, float16 or bfloat16, to nearest even, with a proof.

Going through float64 rounds twice.  The way around is rounding to odd (Boldo & Melquiond, Emulation of FMA and correctly
rounded sums, IEEE Trans. Computers 57(4), 2008, theorem 3): a float64 whose last bit records "there was more" rounds
to any narrower format as the exact number would.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from parity.formats import DTYPES, FORMATS

TINY = 2.0**-960
"""Below this the low part of a float64 result would itself underflow."""
TINIEST = 2.0**-1074
"""Stands for a rest of known sign that underflows."""
NEGLIGIBLE = 1200
"""Two to the minus this: no rounding can be asked to depend on it."""
LARGEST = math.ldexp(1.0, 1023)
"""Beyond this the next float64 may be infinity."""


def split(ball: arb) -> tuple[float, float, float]:
    """(hi, lo, slack) with |ball - hi - lo| <= slack for every point of the ball; hi is the nearest float64.

    hi is nan for nan, +-inf beyond the range, and a zero of the ball's sign below it.  Slack is 0 where the ball is hi + lo,
    and also where it is not but every point of it rounds as hi + lo does, in every dtype.  A ball of relative radius 2^-1200
    (x plus the sigmoid of 1e30) is taken for its middle: where that is a tie, both neighbours are right to 2^-1100 units.
    """
    hi = float(ball)
    if hi != hi:
        return hi, 0.0, 0.0
    if not TINY <= abs(hi) <= LARGEST:
        return _split_extreme(ball, hi)
    rest = ball - hi
    lo = float(rest)
    beyond = rest - lo
    reach = float(beyond.abs_upper())
    if beyond.is_zero() or (_may_tie(lo) and reach < abs(lo) * 2.0**-50 and float(ball.lower()) == hi == float(ball.upper())):
        return hi, lo, 0.0
    if lo == 0.0 and (rest > 0 or rest < 0):  # too small for a float64, but all on one side
        return hi, TINIEST if rest > 0 else -TINIEST, 0.0
    if reach == 0.0 and beyond.abs_upper() < abs(hi) * arb(2) ** -NEGLIGIBLE:
        return hi, lo, 0.0
    return hi, lo, math.nextafter(reach, math.inf)


def _may_tie(lo: float) -> bool:
    """Whether lo is so near a power of two that, as a float64, it can not tell a tie from its neighbourhood."""
    mantissa = abs(math.frexp(lo)[0])
    return not 0.5 + 2.0**-50 < mantissa < 1 - 2.0**-50


def _split_extreme(ball: arb, hi: float) -> tuple[float, float, float]:
    """`split` where hi is zero, tiny, infinite or the largest number: both ends of the ball are rounded."""
    sure = float(ball.lower()) == float(ball.upper()) == hi
    if hi in (np.inf, -np.inf):
        return hi, 0.0, 0.0 if sure else np.inf
    if hi == 0.0:
        return (-0.0 if ball < 0 else 0.0), 0.0, 0.0 if sure else max(float(ball.abs_upper()), 2.0**-1074)
    lo = float(ball - hi)
    sure = sure or ball.rad() < abs(hi) * arb(2) ** -NEGLIGIBLE
    return hi, lo, 0.0 if sure else max(math.nextafter(float((ball - hi - lo).abs_upper()), math.inf), 2.0**-1074)


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
            down, up = hi - np.nextafter(hi, -np.inf), np.nextafter(hi, np.inf) - hi
            inside = (slack - lo < down / 2) & (lo + slack < up / 2) & (np.abs(hi) >= TINY) & np.isfinite(up + down)
            sure = (slack == 0) | inside
        else:
            low, high = nearest(hi, lo - slack, dtype), nearest(hi, lo + slack, dtype)
            sure = (low == high) & (slack <= np.abs(hi) * 2.0**-54)  # to_odd needs |lo| within an ulp of hi
            sure |= np.abs(hi) + np.abs(lo) + slack < quantum  # all of it rounds to zero
        return np.asarray(sure | np.isnan(hi))
