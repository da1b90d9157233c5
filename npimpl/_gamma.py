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

__all__ = ["digamma", "lgamma", "trigamma"]

_LGAMMA, _DIGAMMA, _TRIGAMMA = np.array(LGAMMA), np.array(DIGAMMA), np.array(TRIGAMMA)
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""B_2, B_4, … (DLMF 24.2.4)."""
_STIRLING = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1)]
_PSI_SERIES = [b / (2 * k) for k, b in enumerate(_BERNOULLI, 1)]
_HALF_LOG_2PI = 0.9189385332046728


@by_blocks
def lgamma(x: np.ndarray) -> np.ndarray:
    """log |Gamma(x)|; +inf at 0, -1, -2, … and at both infinities.

    The shifted argument v is 1 + x around zero, 1 - x beyond -1/2 and x itself elsewhere.
    """
    near_zero, reflected = np.abs(x) < 0.5, x <= -0.5
    y = _lgamma_positive(_shifted(x, near_zero, reflected))
    if near_zero.any():
        y[near_zero] -= np.log(np.abs(x[near_zero]))
    if reflected.any():
        sine = np.abs(_sin_pi(x[reflected]))
        y[reflected] = np.where(sine > 0, np.log(math.pi / sine) - y[reflected], np.inf)
        y[np.isinf(x)] = np.inf
    return y


@by_blocks
def digamma(x: np.ndarray) -> np.ndarray:
    """psi(x); -inf at 0, +inf at -0, nan at the other poles (its limits from the two sides differ) and at -inf.

    The reflection starts at -1/4 already: both its terms are small at the root -0.504, those of the recurrence are not.
    """
    near_zero, reflected = (x > -0.25) & (x < 0.5), x <= -0.25
    y = _digamma_positive(_shifted(x, near_zero, reflected))
    if near_zero.any():
        y[near_zero] -= 1.0 / x[near_zero]
    if reflected.any():
        v = x[reflected]
        cotangent = _cos_pi(v) / _sin_pi(v)
        y[reflected] = np.where(np.isinf(cotangent), np.nan, y[reflected] - math.pi * cotangent)
    return y


@by_blocks
def trigamma(x: np.ndarray) -> np.ndarray:
    """psi'(x), +inf at its poles 0, -1, -2, … and nan at -inf.

    The pole of pi^2 / sin(pi f)^2 is that of 1/f^2; what is left is smooth.
    """
    near_zero, reflected = np.abs(x) < 0.5, x <= -0.5
    y = _trigamma_positive(_shifted(x, near_zero, reflected))
    if near_zero.any():
        v = x[near_zero]
        y[near_zero] += 1.0 / v / v
    if reflected.any():
        f = x[reflected] - np.rint(x[reflected])
        y[reflected] = 1.0 / (f * f) + (horner(COSECANT, f * f) - y[reflected])
    return y


def _shifted(x, near_zero, reflected):
    v = x.copy()
    np.add(x, 1.0, out=v, where=near_zero)
    np.subtract(1.0, x, out=v, where=reflected)
    return v


# -- x >= 1/2 ----------------------------------------------------------------------------------------------------------
def _lgamma_positive(x):
    """x (log x - 1) is formed as one product: x log x alone overflows sooner than the result does."""
    index, h = cell(x, -1, _LGAMMA.shape[1])
    y = polynomial(_LGAMMA, index, h)
    y *= (x - 1.0) * (x - 2.0)
    y += 0.0  # the roots are +0
    return _beyond_16(x, y, _lgamma_far)


def _lgamma_far(x):
    log, r = np.log(x), 1.0 / x
    return x * (log - 1.0) - (0.5 * log - (_HALF_LOG_2PI + r * horner(_STIRLING, r * r)))


def _digamma_positive(x):
    index, h = cell(x, -1, _DIGAMMA.shape[1])
    y = polynomial(_DIGAMMA, index, h)
    y *= (x - ROOT[0]) - ROOT[1]
    return _beyond_16(x, y, _digamma_far)


def _digamma_far(x):
    r = 1.0 / x
    return np.log(x) - (0.5 * r + r * r * horner(_PSI_SERIES, r * r))


def _trigamma_positive(x):
    index, h = cell(x, -1, _TRIGAMMA.shape[1])
    return _beyond_16(x, polynomial(_TRIGAMMA, index, h), _trigamma_far)


def _trigamma_far(x):
    r = 1.0 / x
    return r + r * (0.5 * r + r * r * horner(_BERNOULLI, r * r))


def _beyond_16(x, y, series):
    """`y` with the series put in wherever x lies beyond the table; nan takes that way too, and stays nan."""
    far = ~(x < 16.0)
    if far.any():
        y[far] = series(x[far])
        y[x == np.inf] = 0.0 if series is _trigamma_far else np.inf
    return y


# -- reflection --------------------------------------------------------------------------------------------------------
def _sin_pi(x):
    """sin(pi f) of the fraction f = x - round(x), which is exact: |sin(pi x)|, with the sign of tan(pi x)."""
    return np.sin(math.pi * (x - np.rint(x)))


def _cos_pi(x):
    """cos(pi f) of the same fraction, as sin(pi (1/2 - |f|)): accurate up to its root at |f| = 1/2."""
    return np.sin(math.pi * (0.5 - np.abs(x - np.rint(x))))
