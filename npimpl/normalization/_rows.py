"""Rows brought to mean 0 and variance 1 in float64, and the gradient of that: the core of every normalization.

Three measures make it accurate at every scale and mean:

- two passes: first the mean, then the squares of the deviations.  E[x^2] - E[x]^2 cancels, the squares do not;
- the mean of the rounded deviations is subtracted once more, which removes the rounding error of the first mean
  (the corrected two-pass algorithm of Chan, Golub & LeVeque, "Algorithms for computing the sample variance", 1983);
- where an array holds extreme numbers, whose squares or products would leave the range, the same formulas are evaluated on
  `Wide` numbers.  Scaling rows by powers of two is not enough: eps would vanish beside a constant row of size 1e308, and a
  tiny x / sigma is rounded to a subnormal number before a large weight multiplies it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from npimpl._elementwise import BLOCK
from npimpl._precision import rounded
from npimpl.reductions._wide import Wide, sqrt, value, where


def in_blocks(kernel, rows: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`kernel` of the rows in float64, rounded to `dtype`, a few rows at a time so that they stay in the cache."""
    step = max(1, BLOCK // max(rows.shape[-1], 1))
    out = np.empty(rows.shape, dtype)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        out[part] = rounded(kernel(rows[part].astype(np.float64, copy=False)), dtype)
    return out


class Rows(NamedTuple):
    """Standardized rows: `unit` = (x - mean) / sigma, sigma^2 = `variance` (biased) + eps.  Arrays, or `Wide` numbers."""

    unit: Any
    sigma: Any
    mean: Any
    variance: Any


def mean(rows):
    """The mean of each row (last axis, kept); contiguous rows are summed pairwise. An empty row has mean 0."""
    if isinstance(rows, Wide):
        e = rows.exponents(-1)
        return Wide(mean(rows.aligned(e)), e)
    return np.add.reduce(rows, axis=-1, keepdims=True) / max(rows.shape[-1], 1)


def _inner_mean(rows):
    """A mean lies between the extremes; with rounding too, a constant row then has deviations of exactly zero."""
    if isinstance(rows, Wide):
        e = rows.exponents(-1)
        return Wide(_inner_mean(rows.aligned(e)), e)
    m = mean(rows)
    return np.clip(m, rows.min(axis=-1, keepdims=True), rows.max(axis=-1, keepdims=True)) if rows.shape[-1] else m


def standardize(rows, eps: float, narrow: bool) -> Rows:
    """d = x - mean(x), sigma = sqrt(mean(d^2) + eps), unit = d / sigma for each row of a contiguous float64 array, or `Wide`.

    `narrow`: the rows were float32 or narrower. Then squares cannot leave the range and sums of equal numbers are exact.
    """
    m = mean(rows) if narrow else _inner_mean(rows)
    d = rows - m
    correction = mean(d)
    d -= correction
    v = mean(d * d)
    sigma = sqrt(v + eps)
    d /= sigma
    return Rows(d, sigma, m + where(np.isfinite(value(m)), correction, 0.0), v)


def standardize_backward(dy, w, rows: Rows):
    """dx = (g - mean(g) - unit * mean(g * unit)) / sigma with g = w dy, for rows dy (w broadcast to them, or None).

    unit_i = d_i / sigma, with d = x - mean(x) and sigma^2 = mean(d^2) + eps, so d sigma / d x_j = d_j / (n sigma) and

        d unit_i / d x_j = (delta_ij - 1/n - unit_i unit_j / n) / sigma;

    the matrix is symmetric, and its product with g is the line above.  Where g is zero throughout a row, dx is, also if sigma
    is zero (a constant row without eps).
    """
    g = dy if w is None else w * dy
    dx = g - mean(g)
    # The units sum to 0, so mean(g * unit) = mean((g - mean(g)) * unit), which does not cancel.
    dx -= rows.unit * mean(dx * rows.unit)
    dx /= rows.sigma
    flat = value(rows.sigma) == 0
    if flat.any():
        dx = where(flat & (value(g) == 0).all(axis=-1, keepdims=True), 0.0, dx)
    return dx


def mean_square(rows, eps: float):
    """(x / r, r) with r = sqrt(mean(x^2) + eps) for each row."""
    r = sqrt(mean(rows * rows) + eps)
    return rows / r, r
