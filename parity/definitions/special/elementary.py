"""The textbook definitions of sinc, expm1, log1p and rsqrt."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import elementwise, inf, nan, pi, where

__all__ = ["expm1", "log1p", "rsqrt", "sinc"]

nearest_integer = np.frompyfunc(lambda x: round(float(x)), 1, 1)
"""The integer nearest an input (inputs are exact floats)."""


@elementwise(limits={inf: (inf, inf), -inf: (-1.0, 0.0)}, odd=True)
def expm1(x):
    """exp(x) - 1."""
    return np.exp(x) - 1


@elementwise(limits={inf: (inf, 0.0), -inf: (nan, 0.0)}, odd=True)
def log1p(x):
    """log(1 + x)."""
    return np.log(x + 1)


@elementwise(limits={inf: (0.0, 0.0), -inf: (nan, nan), -0.0: (-inf, -inf)})
def rsqrt(x):
    """1 / sqrt(x); at -0 the value is -inf by IEEE 754."""
    return 1 / np.sqrt(x)


@elementwise(limits={inf: (0.0, 0.0), -inf: (0.0, 0.0)})
def sinc(x):
    """sin(pi x) / (pi x), and 1 at 0.  The sine is that of pi (x - n) times (-1)^n, so that it is exactly 0 at integers."""
    n = nearest_integer(x)
    zero = where(x == 0, True, False)
    t = pi() * where(zero, 1, x)
    return where(zero, 1 + 0 * x, (1 - 2 * (n % 2)) * np.sin((x - n) * pi()) / t)
