"""How the definitions see an array: as rows, the reduced axes last and joined into one."""

from __future__ import annotations

import functools
import math

import numpy as np

from parity.real import Real

__all__ = ["NAN", "any_of", "expand", "first_equal", "missing", "ordering", "result", "rows", "tied_mean"]

NAN = Real(math.nan)


def _axes(x, axis):
    """The reduced axes, counted from the front."""
    if axis is None:
        return tuple(range(x.ndim))
    return tuple(sorted(a % x.ndim for a in np.atleast_1d(axis).tolist())) if x.ndim else ()


def rows(x, axis):
    """x as (…, n): one row for each result."""
    axes = _axes(x, axis)
    kept = [m for i, m in enumerate(x.shape) if i not in axes]
    n = math.prod(x.shape[a] for a in axes)
    return np.moveaxis(x, axes, range(x.ndim - len(axes), x.ndim)).reshape((*kept, n))


def result(y, x, axis, keepdims=False):
    """One entry for each row, as an array; with `keepdims` the reduced axes stay with length 1."""
    axes = _axes(x, axis)
    shape = [1 if i in axes else m for i, m in enumerate(x.shape) if keepdims or i not in axes]
    return (y if isinstance(y, np.ndarray) else np.array(y, dtype=object)).reshape(shape)


def expand(y, x, axis):
    """Rows like those of x, in the shape of x: the inverse of `rows`."""
    axes = _axes(x, axis)
    kept = [m for i, m in enumerate(x.shape) if i not in axes]
    y = y.reshape(kept + [x.shape[a] for a in axes])
    return np.moveaxis(y, range(x.ndim - len(axes), x.ndim), axes)


def missing(x):
    """Which entries are nan: the only ones that differ from themselves."""
    return np.asarray(x != x, dtype=bool)


def any_of(condition):
    """For each row (kept with length 1), whether the condition holds somewhere."""
    return np.asarray(condition, dtype=bool).any(axis=-1, keepdims=True)


def first_equal(r):
    """For each entry the index of the first one in its row that equals it (all nan are one)."""
    holes = missing(r)
    a, b = r[..., :, None], r[..., None, :]
    same = np.asarray(a == b, dtype=bool) | holes[..., :, None] & holes[..., None, :]
    return np.argmax(same, axis=-1) if r.size else np.zeros(r.shape, np.int64)


def tied_mean(r, tied):
    """For each row the mean of its tied entries: their common value, the gradient shared among them; nan if none is tied."""
    count = np.count_nonzero(tied, axis=-1)
    y = np.sum(np.where(tied, r, 0), axis=-1) / np.maximum(count, 1)
    return np.where(count > 0, y, np.sum(r * math.nan, axis=-1))


def ordering(r, descending=False):
    """For each row the stable permutation that sorts it; nan is larger than every number."""
    index = np.empty(r.shape, np.int64)
    for row in np.ndindex(r.shape[:-1]):
        v = r[row]

        def compare(i, j, v=v):
            a, b = v[i], v[j]
            either = bool(a != a) - bool(b != b)
            return either or bool(a > b) - bool(a < b)

        index[row] = sorted(range(len(v)), key=functools.cmp_to_key(compare), reverse=descending)
    return index
