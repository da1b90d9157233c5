"""Rows brought to mean 0 and variance 1 in float64, and the gradient of that: the core of every normalization.

Three measures make it accurate at every scale and mean:

- two passes: first the mean, then the squares of the deviations.  E[x^2] - E[x]^2 cancels, the squares do not;
- the mean of the rounded deviations is subtracted once more, which removes the rounding error of the first mean
  (the corrected two-pass algorithm of Chan, Golub & LeVeque, "Algorithms for computing the sample variance", 1983);
- a float64 row so large or small that its squares leave the range is scaled by a power of two, and eps by its square:
  (x - m) / sqrt(v + eps) is unchanged by that, and powers of two round nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from npimpl._elementwise import BLOCK
from npimpl._precision import rounded

SAFE = 500
"""Magnitudes in 2^-500 … 2^500 have squares, and squares of rounding errors, inside the range of float64."""


def in_blocks(kernel, rows: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`kernel` of the rows in float64, rounded to `dtype`, a few rows at a time so that they stay in the cache."""
    step = max(1, BLOCK // max(rows.shape[-1], 1))
    out = np.empty(rows.shape, dtype)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        out[part] = rounded(kernel(rows[part].astype(np.float64, copy=False)), dtype)
    return out


class Rows(NamedTuple):
    """Standardized rows: `unit` = (x - mean) / sigma.

    The true mean is `mean` * 2^k, sigma is `sigma` * 2^k and the (biased) variance `variance` * 4^k, k = `exponent` (None: 0).
    """

    unit: np.ndarray
    sigma: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    exponent: np.ndarray | None


def mean(rows: np.ndarray) -> np.ndarray:
    """The mean of each row (last axis, kept); contiguous rows are summed pairwise. An empty row has mean 0."""
    return np.add.reduce(rows, axis=-1, keepdims=True) / max(rows.shape[-1], 1)


def exponents(rows: np.ndarray, eps: float, narrow: bool) -> np.ndarray | None:
    """k such that rows * 2^-k has squares in range, beside eps * 4^-k; None if no row needs it (`narrow` ones never do)."""
    if narrow:
        return None
    largest = np.abs(rows).max(axis=-1, keepdims=True, initial=0.0)
    size = np.maximum(largest, np.sqrt(max(eps, 0.0)))
    size[~np.isfinite(largest) | (size == 0)] = 1.0
    k = np.frexp(size)[1]
    return k if (np.abs(k) > SAFE).any() else None


def scaled(x: np.ndarray, exponent) -> np.ndarray:
    """x * 2^exponent (None: x itself)."""
    return x if exponent is None else np.ldexp(x, exponent)


def standardize(rows: np.ndarray, eps: float, narrow: bool) -> Rows:
    """d = x - mean(x), sigma = sqrt(mean(d^2) + eps), unit = d / sigma for each row of a contiguous float64 array.

    `narrow`: the rows were float32 or narrower. Then squares cannot leave the range and sums of equal numbers are exact.
    """
    k = exponents(rows, eps, narrow)
    minus = None if k is None else -k
    x = scaled(rows, minus)
    m = mean(x)
    if x.shape[-1] and not narrow:
        # A mean lies between the extremes; with rounding too, a constant row then has deviations of exactly zero.
        np.clip(m, x.min(axis=-1, keepdims=True), x.max(axis=-1, keepdims=True), out=m)
    d = x - m
    correction = mean(d)
    d -= correction
    v = mean(d * d)
    sigma = np.sqrt(v + (eps if k is None else np.ldexp(eps, -2 * k)))
    d /= sigma
    return Rows(d, sigma, m + np.where(np.isfinite(m), correction, 0.0), v, k)


def lifted(w: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(w * 2^-k, k) with a k for each row that brings extreme weights to about 1 (k None, and w itself: there are none).

    Products of subnormal weights are rounded coarsely, and a division by sigma < 1 would magnify that.
    """
    largest = np.abs(w).max(axis=-1, keepdims=True, initial=0.0)
    k = np.where(np.isfinite(largest), np.frexp(largest)[1], 0)
    return (w, None) if not (np.abs(k) > SAFE).any() else (np.ldexp(w, -k), k)


def standardize_backward(dy: np.ndarray, w: np.ndarray | None, rows: Rows) -> np.ndarray:
    """dx = (g - mean(g) - unit * mean(g * unit)) / sigma with g = w dy, for rows dy (w broadcast to them, or None).

    unit_i = d_i / sigma, with d = x - mean(x) and sigma^2 = mean(d^2) + eps, so d sigma / d x_j = d_j / (n sigma) and

        d unit_i / d x_j = (delta_ij - 1/n - unit_i unit_j / n) / sigma;

    the matrix is symmetric, and its product with g is the line above.
    """
    w, lift = (None, None) if w is None else lifted(w)
    g = dy if w is None else w * dy
    dx = g - mean(g)
    # The units sum to 0, so mean(g * unit) = mean((g - mean(g)) * unit), which does not cancel.
    dx -= rows.unit * mean(dx * rows.unit)
    dx /= rows.sigma
    return lowered(dx, rows.exponent, lift)


def lowered(dx: np.ndarray, exponent, lift) -> np.ndarray:
    """dx * 2^(lift - exponent), in one step."""
    if exponent is None and lift is None:
        return dx
    return np.ldexp(dx, (0 if lift is None else lift) - (0 if exponent is None else exponent))


def mean_square(rows: np.ndarray, eps: float, narrow: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """(x / r, r, k) with r = sqrt(mean(x^2) + eps) for each row; the true r is r * 2^k."""
    k = exponents(rows, eps, narrow)
    x = scaled(rows, None if k is None else -k)
    r = np.sqrt(mean(x * x) + (eps if k is None else np.ldexp(eps, -2 * k)))
    return x / r, r, k
