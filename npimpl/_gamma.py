r"""log |Gamma|, its derivative psi and psi's derivative, in float64, from nothing but NumPy.

$$\psi(x) = \frac{d}{dx}\log\Gamma(x),\qquad \psi'(x) = \sum_{k\ge0}\frac1{(x+k)^2}$$

(DLMF 5.2.2, 5.15.1.)  Each function is assembled from the same four pieces:

    x >= 16          Stirling's series in 1/x^2                          (DLMF 5.11.1, 5.11.2, 5.15.8)
    1/2 <= x < 16    a table of short polynomials, see `npimpl._piecewise`
    |x| < 1/2        one step of the recurrence, f(x) from f(1 + x)      (DLMF 5.5.1, 5.5.2, 5.15.5)
    x <= -1/2        reflection, f(x) from f(1 - x) and sin(pi x)        (DLMF 5.5.3, 5.5.4, 5.15.6)

The tables hold log Gamma(x) / ((x - 1)(x - 2)) and psi(x) / (x - x0): functions without a root.  The factors that are
divided out are exact (x0 is a sum of two floats), so the relative error stays small up to the roots themselves.

sin(pi x) is evaluated at x minus the nearest integer, which is exact; pi times a large x would have lost the fraction.

Between the poles on the negative axis log |Gamma| and psi have roots where the two terms of the reflection cancel. There
the error is a few units of 2^-53 of those terms, far below the resolution of float32, but not relative to the result.

These are kernels: float64 arrays of any shape in, a new float64 array out; nan propagates.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl._gamma_coefficients import COSECANT, DIGAMMA, LGAMMA, ROOT, TRIGAMMA
from npimpl._piecewise import by_blocks, cell, horner, polynomial
from npimpl._regimes import regimes, split

__all__ = ["digamma", "lgamma", "trigamma"]

_LGAMMA, _DIGAMMA, _TRIGAMMA = np.array(LGAMMA), np.array(DIGAMMA), np.array(TRIGAMMA)
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""B_2, B_4, … (DLMF 24.2.4)."""
_STIRLING = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1)]
_PSI_SERIES = [b / (2 * k) for k, b in enumerate(_BERNOULLI, 1)]
_HALF_LOG_2PI = 0.9189385332046728


@by_blocks
@regimes(
    (-np.inf, -(2.0**52), np.inf),  # integers, all of them
    (-(2.0**-60), 2.0**-60, lambda x: -np.log(np.abs(x))),
    (2.0**60, np.inf, lambda x: x * (np.log(x) - 1.0)),
)
def lgamma(x: np.ndarray) -> np.ndarray:
    """log |Gamma(x)|; +inf at 0, -1, -2, … and at both infinities."""
    return split(np.abs(x) < 0.5, _lgamma_near_zero, _lgamma_away, x)


@by_blocks
@regimes((-np.inf, -(2.0**52), np.nan), (-(2.0**-60), 2.0**-60, lambda x: -1.0 / x), (2.0**60, np.inf, np.log))
def digamma(x: np.ndarray) -> np.ndarray:
    """psi(x); -inf at 0, +inf at -0, nan at the other poles (its limits from the two sides differ) and at -inf.

    The reflection starts at -1/4 already: both its terms are small at the root -0.504, those of the recurrence are not.
    """
    return split((x > -0.25) & (x < 0.5), lambda v: _digamma_positive(1.0 + v) - 1.0 / v, _digamma_away, x)


@by_blocks
def trigamma(x: np.ndarray) -> np.ndarray:
    """psi'(x), +inf at its poles 0, -1, -2, … and nan at -inf."""
    return split(np.abs(x) < 0.5, lambda v: _trigamma_positive(1.0 + v) + 1.0 / v / v, _trigamma_away, x)


def _lgamma_near_zero(x):
    return _lgamma_positive(1.0 + x) - np.log(np.abs(x))


def _lgamma_away(x):
    return split(x <= -0.5, _lgamma_left, _lgamma_positive, x)


def _digamma_away(x):
    return split(x <= -0.25, _digamma_left, _digamma_positive, x)


def _trigamma_away(x):
    return split(x <= -0.5, _trigamma_left, _trigamma_positive, x)


# -- x >= 1/2 ----------------------------------------------------------------------------------------------------------
def _lgamma_positive(x):
    return split(x < 16.0, _lgamma_table, _lgamma_far, x)


def _lgamma_table(x):
    index, h = cell(x, -1, _LGAMMA.shape[1])
    y = polynomial(_LGAMMA, index, h)
    y *= (x - 1.0) * (x - 2.0)
    y += 0.0  # the roots are +0
    return y


def _lgamma_far(x):
    """x (log x - 1) is formed as one product: x log x alone overflows sooner than the result does."""
    log, r = np.log(x), 1.0 / x
    y = x * (log - 1.0) - (0.5 * log - (_HALF_LOG_2PI + r * horner(_STIRLING, r * r)))
    y[x == np.inf] = np.inf
    return y


def _digamma_positive(x):
    return split(x < 16.0, _digamma_table, _digamma_far, x)


def _digamma_table(x):
    index, h = cell(x, -1, _DIGAMMA.shape[1])
    y = polynomial(_DIGAMMA, index, h)
    y *= (x - ROOT[0]) - ROOT[1]
    return y


def _digamma_far(x):
    r = 1.0 / x
    return np.log(x) - (0.5 * r + r * r * horner(_PSI_SERIES, r * r))


def _trigamma_positive(x):
    return split(x < 16.0, lambda v: polynomial(_TRIGAMMA, *cell(v, -1, _TRIGAMMA.shape[1])), _trigamma_far, x)


def _trigamma_far(x):
    r = 1.0 / x
    return r + r * (0.5 * r + r * r * horner(_BERNOULLI, r * r))


# -- reflection --------------------------------------------------------------------------------------------------------
def _lgamma_left(x):
    return split(x == np.rint(x), lambda v: np.full(v.shape, np.inf), _lgamma_reflected, x)


def _lgamma_reflected(x):
    return np.log(math.pi / np.abs(_sin_pi(x))) - _lgamma_positive(1.0 - x)


def _digamma_left(x):
    return split(x == np.rint(x), lambda v: np.full(v.shape, np.nan), _digamma_reflected, x)


def _digamma_reflected(x):
    return _digamma_positive(1.0 - x) - math.pi * (_cos_pi(x) / _sin_pi(x))


def _trigamma_left(x):
    """The pole of pi^2 / sin(pi f)^2 is that of 1/f^2; what is left is smooth."""
    f = x - np.rint(x)
    return 1.0 / (f * f) + (horner(COSECANT, f * f) - _trigamma_positive(1.0 - x))


def _sin_pi(x):
    """sin(pi f) of the fraction f = x - round(x), which is exact: |sin(pi x)|, with the sign of tan(pi x)."""
    return np.sin(math.pi * (x - np.rint(x)))


def _cos_pi(x):
    """cos(pi f) of the same fraction, as sin(pi (1/2 - |f|)): accurate up to its root at |f| = 1/2."""
    return np.sin(math.pi * (0.5 - np.abs(x - np.rint(x))))
