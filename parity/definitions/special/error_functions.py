"""The textbook definitions of the error functions and their inverses."""

from __future__ import annotations

import numpy as np

from parity.definitions import _functions as f
from parity.definitions._functions import elementwise, inf, log2pi, nan, sqrt2, where

__all__ = ["erf", "erfc", "erfinv", "log_ndtr", "ndtr", "ndtri"]

SERIES = {
    -20.0: 50,
    -24.0: 40,
    -32.0: 32,
    -48.0: 25,
    -64.0: 22,
    -128.0: 17,
    -256.0: 14,
    -(2.0**10): 11,
    -(2.0**14): 6,
    -(2.0**30): 2,
}
"""Left of each of these points log_ndtr is the logarithm of its asymptotic series with so many terms: what is left out is then
below 2^-170."""


@elementwise(limits={inf: (1.0, 0.0), -inf: (-1.0, 0.0)}, odd=True)
def erf(x):
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return f.erf(x)


@elementwise(limits={inf: (0.0, 0.0), -inf: (2.0, 0.0)})
def erfc(x):
    """1 - erf(x)."""
    return f.erfc(x)


@elementwise(limits={inf: (nan, nan), -inf: (nan, nan), 1.0: (inf, inf), -1.0: (-inf, inf)}, odd=True)
def erfinv(x):
    """The y with erf(y) = x; nan outside [-1, 1]."""
    return _inside(f.erfinv, x, -1, 1)


@elementwise(limits={inf: (1.0, 0.0), -inf: (0.0, 0.0)})
def ndtr(x):
    """erfc(-x / sqrt(2)) / 2."""
    return f.erfc(-x / sqrt2()) / 2


@elementwise(limits={inf: (0.0, 0.0), -inf: (-inf, inf)})
def log_ndtr(x):
    """log(ndtr(x)); for x > 0 as log(1 - ndtr(-x)), the same number, so that x = 30 does not need a thousand bits.

    On the far left the balls of erfc widen faster than exp(-x^2/2) falls, so the asymptotic series stands in:
    ndtr(x) = exp(-x^2/2) / (-x sqrt(2 pi)) (1 - 1/x^2 + 3/x^4 - 15/x^6 + ...), where what is left out is below the first
    omitted term (DLMF 7.12.1), and that below 2^-170.
    """
    right = np.asarray(where(x > 0, True, False))
    y = np.empty(x.shape, object)
    y[right] = np.log1p(-ndtr(-x[right]))
    y[~right] = _log_left(x[~right])
    return y


def _log_left(x):
    y, rest, terms = np.empty(x.shape, object), np.arange(x.size), 0
    for start, more in [*SERIES.items(), (-np.inf, 0)]:
        beyond = np.asarray(where(x[rest] < start, True, False), bool)
        here = rest[~beyond]
        y[here] = _log_far(x[here], terms) if terms else np.log(ndtr(x[here]))
        rest, terms = rest[beyond], more
    return y


def _log_far(x, terms):
    coefficients = [1]
    for n in range(1, terms + 1):
        coefficients.append(-(2 * n - 1) * coefficients[-1])
    series, q = coefficients.pop(), 1 / (x * x)
    for c in reversed(coefficients):
        series = c + q * series
    return -x * x / 2 - np.log(-x) - log2pi() / 2 + np.log(series)


@elementwise(limits={inf: (nan, nan), -inf: (nan, nan), -0.0: (-inf, inf), 1.0: (inf, inf)})
def ndtri(x):
    """The y with ndtr(y) = x, sqrt(2) erfinv(2 x - 1); nan outside [0, 1]; at 0, like log(x), -inf with an infinite slope."""
    zero = where(x == 0, True, False)
    return where(zero, np.log(where(zero, x, 1 + 0 * x)), _inside(lambda p: sqrt2() * f.erfinv(2 * p - 1), x, 0, 1))


def _inside(function, x, low, high):
    """function(x) strictly between the ends, nan elsewhere (the ends themselves are stated as limits)."""
    inside = where(x > low, True, False) & where(x < high, True, False)
    middle = f.ratio(low + high, 2) + f.ratio(1, 4)
    return where(inside, function(where(inside, x, middle + 0 * x)), x * nan)
