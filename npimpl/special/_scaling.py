"""Products and quotients whose intermediate steps neither overflow nor underflow; float64 in, float64 out."""

from __future__ import annotations

import numpy as np

__all__ = ["ratio_product", "times_exp"]

SAFE_EXPONENT = 700.0
"""exp of anything up to this size is a normal float64 number (the largest is exp(709.78), the smallest exp(-708.4))."""


def times_exp(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """a exp(x), also where exp(x) alone would overflow or fall among the subnormal numbers.

    There exp(x) = exp(x/2) exp(x/2), and x/2 is exact.  The order (a exp(x/2)) exp(x/2) moves straight towards the
    result, so that no step is larger or smaller than both `a` and the result.
    """
    far = np.abs(x) > SAFE_EXPONENT
    if not far.any():
        return a * np.exp(x)
    half = np.where(far, 0.5 * x, x)
    y = a * np.exp(half)
    return np.where(far, y * np.exp(half), y)


def ratio_product(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """a b / c on significands, with the exponents added up apart: in range whenever the result is."""
    (a, i), (b, j), (c, k) = np.frexp(a), np.frexp(b), np.frexp(c)
    return np.ldexp(a * b / c, i + j - k)
