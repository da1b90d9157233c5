"""Rows of logarithms: a reduced axis becomes the last one, and sums of exponentials are kept as (maximum, rest)."""

from __future__ import annotations

import math

import numpy as np

from npimpl._axes import normalize_axis
from npimpl.special._scaling import times_exp

__all__ = ["as_rows", "decayed", "from_rows", "kept_shape", "maximum_and_rest", "one_axis", "running_pairs"]


def as_rows(x, axes):
    """x as (..., n): the axes in `axes` moved to the end and joined, contiguous, so that NumPy sums rows pairwise."""
    n = math.prod(x.shape[a] for a in axes)
    rest = tuple(size for a, size in enumerate(x.shape) if a not in axes)
    moved = np.moveaxis(x, axes, range(x.ndim - len(axes), x.ndim)) if axes else x
    return np.ascontiguousarray(moved).reshape((*rest, n))


def from_rows(rows, shape, axes):
    """The inverse of `as_rows`: an array of `shape`."""
    rest = tuple(size for a, size in enumerate(shape) if a not in axes)
    moved = rows.reshape((*rest, *(shape[a] for a in axes)))
    return np.moveaxis(moved, range(len(rest), len(shape)), axes) if axes else moved.reshape(shape)


def kept_shape(shape, axes):
    """`shape` with 1 in place of the reduced axes."""
    return tuple(1 if a in axes else size for a, size in enumerate(shape))


def one_axis(axis, ndim):
    """`axis` as a tuple of exactly one axis (of none for a 0-d array)."""
    if np.ndim(axis) != 0 or axis is None:
        raise ValueError(f"axis is {axis!r}, but a running sum goes along one axis; give one integer.")
    return normalize_axis(axis, ndim)


def maximum_and_rest(rows):
    """m = max_i x_i of each row, and s = the sum of exp(x_i - m) over all entries but (one of) the largest."""
    if rows.shape[-1] == 0:
        return np.full(rows.shape[:-1], -np.inf), np.zeros(rows.shape[:-1])
    top = np.argmax(rows, axis=-1)[..., None]
    m = np.take_along_axis(rows, top, axis=-1)
    e = rows - m
    np.exp(e, out=e)
    np.put_along_axis(e, top, 0.0, axis=-1)
    return m[..., 0], e.sum(axis=-1)


def running_pairs(rows):
    """The pairs (m_j, s_j) of all prefixes of each row, see `logcumsumexp`."""
    m, s, step = rows.copy(), np.zeros(rows.shape), 1
    while step < rows.shape[-1]:
        left, right, a, b = m[..., :-step], m[..., step:], s[..., :-step], s[..., step:]
        d = right - left
        d[left == right] = 0.0  # equal infinities
        e = np.exp(-np.abs(d))
        joined = np.where(d > 0.0, b + (1.0 + a) * e, a + (1.0 + b) * e)
        m[..., step:] = np.maximum(left, right)
        s[..., step:] = joined
        step *= 2
    return m, s


def decayed(r, low, high):
    """r exp(low - high) for low <= high; 1 is the factor of equal infinities, and nothing comes through from -inf."""
    d = low - high
    d[low == high] = 0.0
    return np.where(d == -np.inf, 0.0, times_exp(r, d))
