r"""The error function and its relatives in float64, from nothing but NumPy.

$$\mathrm{erf}(x) = \frac{2}{\sqrt\pi}\int_0^x e^{-t^2}\,dt,\qquad \mathrm{erfc}(x) = 1 - \mathrm{erf}(x),\qquad
  \mathrm{erfcx}(x) = e^{x^2}\,\mathrm{erfc}(x),\qquad \Phi(x) = \tfrac12\,\mathrm{erfc}(-x/\sqrt2)$$

(DLMF 7.2.1-7.2.3.)  Near zero erf is x plus a small polynomial correction.  Away from zero erfc is a Gaussian, which
falls by three hundred orders of magnitude, times erfcx, which is as smooth as 1/x.  Both factors are kept as a *head*
of 26 bits and a small *tail*:

    (Eh + Et) (Gh + Gt) = Eh Gh  +  (Eh Gt + Et (Gh + Gt))

The product of the heads is exact, and what is rounded, the bracket, is a few per cent of the whole.  So the
only full rounding error is that of the last addition, and the result is within 0.8 ulp down to the subnormal numbers.

The Gaussian needs x^2 to an absolute error of 2^-53 although x^2 may be 700: x is cut into 26 leading bits, whose square
is exact, and a rest.

These are kernels: float64 arrays of any shape in, a new float64 array out; nan propagates.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl._erf_coefficients import ERFCX, POWERS_OF_TWO, SMALL
from npimpl._piecewise import by_blocks, cell, horner, polynomial
from npimpl._regimes import regimes, split

__all__ = ["erf", "erfc", "erfcx", "gauss", "gauss_times", "ndtr"]

_ERFCX = np.array(ERFCX)
_HEADS, _TAILS = np.array(POWERS_OF_TWO)
_HALF_ROOT_HEAD = 94906265.0 * 2.0**-27
"""The leading 27 bits of 1/sqrt(2), and below what is left of it."""
_HALF_ROOT_TAIL = 4.651036507555142e-09
_LOG2_32_HEAD = float.fromhex("0x1.62e42fefp-6")
"""log(2)/32: a head of 33 bits (so that its multiples are exact) and a tail."""
_LOG2_32_TAIL = float.fromhex("0x1.473de6af278edp-39")
_TINY_ROOT = 2.0 / math.sqrt(math.pi)


@by_blocks
@regimes((-np.inf, -6.0, -1.0), (-(2.0**-30), 2.0**-30, lambda x: _erf_small(x, SMALL[0])), (6.0, np.inf, 1.0))
def erf(x: np.ndarray) -> np.ndarray:
    """erf(x) within 1 ulp: x + x R(x^2) for |x| < 1, and 1 - erfc(|x|) with the sign of x beyond."""
    return split(np.abs(x) < 1.0, _erf_small, lambda v: np.copysign(1.0 - _erfc_tail(np.abs(v)), v), x)


@by_blocks
@regimes((-np.inf, -6.0, 2.0), (-(2.0**-56), 2.0**-56, 1.0), (28.0, np.inf, 0.0))
def erfc(x: np.ndarray) -> np.ndarray:
    """erfc(x) within 0.8 ulp, also where it is as small as 5e-324."""
    return split(np.abs(x) < 0.25, lambda v: 1.0 - _erf_small(v), _erfc_large, x)


@by_blocks
def erfcx(x: np.ndarray) -> np.ndarray:
    """exp(x^2) erfc(x) within 2 ulp; like 1/(x sqrt(pi)) for large x, and overflows for x < -26.6."""
    return split(x < 0.25, lambda v: gauss(v, 1.0) * erfc(v), _erfcx_right, x)


@by_blocks
@regimes(
    (-np.inf, -39.0, 0.0),
    (-(2.0**-56), 2.0**-56, 0.5),
    (-(2.0**-30), 2.0**-30, lambda x: _ndtr_near(x, SMALL[0])),
    (9.0, np.inf, 1.0),
)
def ndtr(x: np.ndarray) -> np.ndarray:
    """The normal distribution function Phi(x) = erfc(-x / sqrt(2)) / 2 within 1 ulp.

    x / sqrt(2) is kept to more than float64: its rounding alone would cost x^2 ulp, 1400 of them at x = -38.
    """
    near = np.abs(x) * math.sqrt(0.5) < 0.25
    return split(near, _ndtr_near, _ndtr_far, x)


def gauss(x: np.ndarray, factor: float = -1.0) -> np.ndarray:
    """exp(factor x^2) within 0.6 ulp, for a factor of -1, -1/2, 1 or 1/2 (any power of two with a sign)."""
    return gauss_times(1.0, x, factor)


@np.errstate(all="ignore")
def gauss_times(c, x: np.ndarray, factor: float = -1.0) -> np.ndarray:
    """c exp(factor x^2) for c of x's shape (or a number), rounded right also where the exponential alone is subnormal."""
    head, tail, exponent = _exp_square(x.reshape(-1), factor)
    c = np.reshape(c, -1)
    large = np.abs(c) > 1.0  # a product with what is below 2 must not overflow before it is scaled
    return _scale(c * np.where(large, 0.25 * (head + tail), head + tail), exponent + 2 * large).reshape(x.shape)


def _erf_small(x, r=None):
    """x + x R(x^2) for |x| < 1: the correction is at most a sixth of x, and so is its share of the error."""
    return x + x * (horner(SMALL, x * x) if r is None else r)


def _erfc_large(x):
    tail = _erfc_tail(np.abs(x))
    return np.where(x < 0, 2.0 - tail, tail)


def _ndtr_near(x, r=None):
    return 0.5 + 0.5 * _erf_small(x * math.sqrt(0.5), r)


def _ndtr_far(x):
    a = np.minimum(np.abs(x), 45.0)
    head, rest = _split(a)
    z = a * math.sqrt(0.5)
    z_tail = ((head * _HALF_ROOT_HEAD - z) + rest * _HALF_ROOT_HEAD) + a * _HALF_ROOT_TAIL
    tail = 0.5 * _scaled_product(_exp_square(a, -0.5), _erfcx_parts(z, z_tail))
    return np.where(x > 0, 1.0 - tail, tail)


def _erfc_tail(z):
    """erfc(z) for z >= 1/4 (smaller z give garbage)."""
    z = np.minimum(z, 31.0)
    return _scaled_product(_exp_square(z, -1.0), _erfcx_parts(z, 0.0))


def _scaled_product(exponential, smooth):
    eh, et, exponent = exponential
    gh, gt = smooth
    return _scale(eh * gh + (eh * gt + et * (gh + gt)), exponent)


def _erfcx_right(x):
    """erfcx for x >= 1/4 and nan."""
    return split(x < 32.0, lambda v: np.add(*_erfcx_parts(v, 0.0)), _erfcx_far, x)


def _erfcx_parts(z, z_tail):
    """Head and tail of erfcx(z + z_tail) for 1/4 <= z < 32, from the table of short polynomials."""
    index, h = cell(z, -2, _ERFCX.shape[1])
    return _ERFCX[0].take(index), polynomial(_ERFCX[1:], index, h + z_tail)


def _erfcx_far(x):
    """The asymptotic series (DLMF 7.12.1) for x >= 32; its first omitted term is below 2^-60."""
    w = 0.5 / x / x
    return _TINY_ROOT / 2 / x * (1.0 - w * (1.0 - w * (3.0 - w * (15.0 - w * (105.0 - w * (945.0 - w * 10395.0))))))


def _split(x):
    """x as its 26 leading bits plus the rest, both exact."""
    head = (np.ascontiguousarray(x).view(np.int64) & -(1 << 27)).view(np.float64)
    return head, x - head


def _exp_square(x, factor):
    """exp(factor x^2) as (head of 26 bits, tail, exponent): (head + tail) 2^exponent.

    With n = round(32 factor x^2 / log 2) the rest r = factor x^2 - n log(2)/32 is below 0.011, and
    exp(factor x^2) = 2^(n >> 5) 2^((n & 31)/32) exp(r): a table of 32 powers, and a short Taylor polynomial.
    """
    x = np.minimum(np.abs(x), 64.0)
    head, rest = _split(x)
    square = head * head * factor
    n = np.rint(square * (32.0 / math.log(2.0)))
    r = square - n * _LOG2_32_HEAD - n * _LOG2_32_TAIL + factor * (rest * (x + head))
    q = r + r * r * horner((1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040), r)
    n = n.astype(np.int64)
    j = n & 31
    power, tail = _HEADS.take(j), _TAILS.take(j)
    return power, tail + (power + tail) * q, n >> 5


def _scale(y, exponent):
    """y 2^exponent with one rounding; in steps, because 2^exponent itself may be out of range."""
    below = exponent < -2000  # where y may still be so large that something is left
    y = np.where(below, y * 2.0**-250, y)
    exponent = np.clip(np.where(below, exponent + 250, exponent), -2000, 2000)
    first = exponent >> 1
    y *= ((first + 1023) << 52).view(np.float64)
    y *= ((exponent - first + 1023) << 52).view(np.float64)
    return y
