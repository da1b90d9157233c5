"""Textbook definitions: extreme entries, where they are, and norms."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import inf, maximum, minimum, nan, ratio, where
from parity.definitions.reductions._rows import any_of, missing, result, rows, tied_mean

__all__ = ["amax", "amin", "argmax", "argmin", "cummax", "norm"]


def amax(x, axis=None, keepdims=False):
    """y = the largest entry, as the mean of the entries equal to it: ties share the gradient."""
    r = rows(x, axis)
    return result(tied_mean(r, r == maximum.reduce(r, axis=-1, keepdims=True)), x, axis, keepdims)


def amin(x, axis=None, keepdims=False):
    """y = the smallest entry, as the mean of the entries equal to it: ties share the gradient."""
    r = rows(x, axis)
    return result(tied_mean(r, r == minimum.reduce(r, axis=-1, keepdims=True)), x, axis, keepdims)


def _first(condition):
    return np.argmax(np.asarray(condition, dtype=bool), axis=-1)


def argmax(x, axis=None, keepdims=False):
    """The first index of the largest entry; the first nan if there is one."""
    r = rows(x, axis)
    holes = missing(r)
    largest = np.asarray(r == maximum.reduce(r, axis=-1, keepdims=True), dtype=bool)
    return result(np.asarray(_first(np.where(any_of(holes), holes, largest))), x, axis, keepdims)


def argmin(x, axis=None, keepdims=False):
    """The first index of the smallest entry; the first nan if there is one."""
    r = rows(x, axis)
    holes = missing(r)
    smallest = np.asarray(r == minimum.reduce(r, axis=-1, keepdims=True), dtype=bool)
    return result(np.asarray(_first(np.where(any_of(holes), holes, smallest))), x, axis, keepdims)


def cummax(x, axis):
    """y_k = max(x_1 … x_k), and the first index where it was reached."""
    r = np.atleast_1d(x) if x.ndim == 0 else np.moveaxis(x, axis, -1)
    j = np.zeros(r.shape, np.int64)
    for row in np.ndindex(r.shape[:-1]):
        best = 0
        for k, v in enumerate(r[row]):
            b = r[row][best]
            best = k if b == b and (v != v or v > b) else best
            j[(*row, k)] = best
    y = np.take_along_axis(r, j, axis=-1)
    return (y.reshape(()), j.reshape(())) if x.ndim == 0 else (np.moveaxis(y, -1, axis), np.moveaxis(j, -1, axis))


def _magnitude(v):
    return v * nan if v.isnan() else abs(v)


_magnitudes = np.frompyfunc(_magnitude, 1, 1)
"""|x|, whose derivative is the sign (0 at 0), and nan at nan."""


def norm(x, ord=2, axis=None, keepdims=False):
    """y = (sum |x_i|^p)^(1/p); p = inf, -inf: the extreme |x_i|; p = 0: how many are not 0. The gradient at x_i = 0 is 0."""
    r = rows(x, axis)
    a = _magnitudes(r) if ord != 2 else r
    if ord == 0:
        y = np.sum(np.where(r == 0, a * 0.0, where(missing(r), 1, a * 0.0 + 1)), axis=-1) if r.shape[-1] else np.sum(a, axis=-1)
    elif abs(ord) == inf:
        extreme = (maximum if ord > 0 else minimum).reduce(a, axis=-1, keepdims=True)
        y = tied_mean(a, a == extreme)
    else:
        y = _power_norm(a, ord)
    return result(y, x, axis, keepdims)


def _power_norm(a, p):
    """Zeros are left out of the sum (p > 0) or make the norm zero (p < 0), so that no derivative is taken there."""
    zero = np.asarray(a == 0, dtype=bool)
    powers = where(zero, 0, where(zero, 1, a) ** p)
    s = np.sum(powers, axis=-1)
    null = zero.all(axis=-1) if p > 0 else zero.any(axis=-1)
    if p == 1:
        return s
    numerator, denominator = float(p).as_integer_ratio()
    y = where(null, 1, s) ** (ratio(1, 2) if p == 2 else ratio(denominator, numerator))
    return where(null, 0, y)
