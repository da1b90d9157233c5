r"""The inverses of the error function and of the normal distribution function in float64, from nothing but NumPy.

$$\mathrm{erf}(\mathrm{erfinv}(x)) = x,\qquad \mathrm{erfcinv}(p) = \mathrm{erfinv}(1 - p),\qquad
  \Phi^{-1}(p) = -\sqrt2\,\mathrm{erfcinv}(2p)$$

In the middle, |x| < 1/2, erfinv(x) is x times a polynomial in x^2, so it keeps its relative accuracy down to x = 0.
In the tails the smaller of the two probabilities decides: p = 1 - |x|, which is exact there.  Down to 1/32
erfcinv(p) is a table of short polynomials in p itself, below that sqrt(-log p) times one in sqrt(-log p), where it is
almost linear, so that p = 5e-324 is no harder than p = 0.01.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl._erfinv_coefficients import CENTRAL, FAR, MIDDLE
from npimpl._piecewise import by_blocks, cell, horner, polynomial
from npimpl._regimes import SMALLEST, patch, regimes

__all__ = ["erfinv", "ndtri", "scaled_ndtri"]

_MIDDLE, _FAR = np.array(MIDDLE), np.array(FAR)


_ABOVE_1 = 1.0 + 2.0**-52


@by_blocks
@regimes(
    (-np.inf, -_ABOVE_1, np.nan), (-(2.0**-30), 2.0**-30, lambda x: x * CENTRAL[0]), (_ABOVE_1, np.inf, np.nan)
)  # fmt: skip
def erfinv(x: np.ndarray) -> np.ndarray:
    """erfinv(x) within 3 ulp; +-inf at +-1 and nan outside."""
    return _inverse(x, 1.0 - np.abs(x), 1.0)


@by_blocks
@regimes((-np.inf, -SMALLEST, np.nan), (_ABOVE_1, np.inf, np.nan))
def ndtri(p: np.ndarray) -> np.ndarray:
    """The x with Phi(x) = p within 3 ulp; -inf at 0, inf at 1 and nan outside.

    2p - 1 is exact for p >= 1/4, and the middle needs no other p; the smaller tail is p or 1 - p, exact as well.
    """
    return _inverse(2.0 * p - 1.0, 2.0 * np.minimum(p, 1.0 - p), math.sqrt(2.0))


@by_blocks
def scaled_ndtri(p: np.ndarray) -> np.ndarray:
    """ndtri(p) / sqrt(2) without the roundings of the factor: erfinv(2p - 1)."""
    return _inverse(2.0 * p - 1.0, 2.0 * np.minimum(p, 1.0 - p), 1.0)


def _inverse(x, p, factor):
    """factor * erfinv(x), where p is 1 - |x| without its rounding error."""

    def central(x, p):
        return factor * x * horner(CENTRAL, x * x)

    def tail(x, p):
        return np.copysign(factor * _erfcinv(p), x)

    return patch(~(p >= 0.5), tail, central, x, p)


def _erfcinv(p):
    """erfcinv(p) for 0 <= p < 1/2; nan for negative p."""
    return patch(~(p >= 1 / 32), _erfcinv_far, _erfcinv_middle, p)


def _erfcinv_middle(p):
    index, h = cell(p, -5, _MIDDLE.shape[1])
    return polynomial(_MIDDLE, index, h)


def _erfcinv_far(p):
    r = np.sqrt(-np.log(p))
    index, h = cell(r, 0, _FAR.shape[1])
    return np.where(r == np.inf, np.inf, r * polynomial(_FAR, index, h))
