"""Textbook definitions: extreme entries, where they are, and norms."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import conventions, inf, maximum, minimum, nan, ratio, where
from parity.definitions.reductions._rows import any_of, expand, missing, result, rows, tied_mean

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


def _infinite_norm(gradients, dy, x, ord=2, axis=None, keepdims=False):
    """Where the norm is infinite, dy sign(x_i) (|x_i| / inf)^(p-1) as IEEE arithmetic has it: inf / inf is nan."""
    if not 0 < ord < inf or ord == 1:
        return
    r, dx = rows(x, axis), rows(gradients[0], axis).copy()
    infinite = (np.isinf(r).any(axis=-1) & ~np.isnan(r).any(axis=-1))[..., None]
    with np.errstate(all="ignore"):
        slope = np.where(r == 0, 0.0, np.where(np.isinf(r), nan, 0.0) ** (ord - 1.0))
        new = np.where(slope == 0, 0.0, np.asarray(dy).reshape((*r.shape[:-1], 1)) * np.copysign(slope, r))
    gradients[0][...] = expand(np.where(infinite, new, dx), x, axis)


@conventions(backward=_infinite_norm)
def norm(x, ord=2, axis=None, keepdims=False):
    """y = (sum |x_i|^p)^(1/p); p = inf, -inf: the extreme |x_i|; p = 0: how many are not 0. The gradient at x_i = 0 is 0."""
    r = rows(x, axis)
    if ord == 0:
        return result(np.sum(np.where(r == 0, 0, 1).astype(object), axis=-1), x, axis, keepdims)
    a = _magnitudes(r)
    if abs(ord) == inf:
        extreme = (maximum if ord > 0 else minimum).reduce(a, axis=-1, keepdims=True)
        return result(tied_mean(a, a == extreme), x, axis, keepdims)
    return result(_power_norm(a, ord), x, axis, keepdims)


def _power_norm(a, p):
    """Zeros are left out of the sum (p > 0) or make the norm zero (p < 0), so that no derivative is taken there."""
    if p == 1:
        return np.sum(a, axis=-1)
    zero, holes = np.asarray(a == 0, dtype=bool), missing(a)
    s = np.sum(where(zero, 0, where(zero | holes, 1, a) ** p), axis=-1)
    null = (zero.all(axis=-1) if p > 0 else zero.any(axis=-1)) | holes.any(axis=-1)
    numerator, denominator = float(p).as_integer_ratio()
    y = where(null, 0, where(null, 1, s) ** ratio(denominator, numerator))
    return where(holes.any(axis=-1), np.sum(a * nan, axis=-1), y)
