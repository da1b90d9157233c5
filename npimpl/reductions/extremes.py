"""Largest and smallest entries, and where they are."""

from __future__ import annotations

import numpy as np

from npimpl._precision import as_float, rounded
from npimpl.reductions._rows import as_number, axes_of, comparable, cotangent, finish, length, one_axis, refuse_empty

__all__ = [
    "amax", "amax_backward", "amin", "amin_backward", "argmax", "argmin", "cummax", "cummax_backward", "share_of_ties",
]  # fmt: skip


def _extreme(op: str, reduce, x, axis, keepdims):
    x = as_number(x)
    axes = axes_of(x, axis)
    refuse_empty(op, length(x, axes), x.shape)
    y = reduce(comparable(x), axis=axes, keepdims=True)
    return finish(np.array(y), x, axes, keepdims, x.dtype)


def share_of_ties(dy: np.ndarray, tied: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """`dy` in equal shares to the `tied` entries of each row; nan to the whole row if none is (its extreme is nan)."""
    count = np.count_nonzero(tied, axis=axes, keepdims=True)
    share = np.where(count > 0, dy / count, np.nan)
    return np.where(tied | (count == 0), share, 0.0)


def _extreme_backward(reduce, grad_output, x, axis, keepdims):
    x = as_float(x)
    axes = axes_of(x, axis)
    dy = cotangent(grad_output, x, axes, keepdims)
    if x.size == 0:
        return (np.zeros_like(x),)
    w = comparable(x)
    return (rounded(share_of_ties(dy, w == reduce(w, axis=axes, keepdims=True), axes), x.dtype),)


@np.errstate(all="ignore")
def amax(x, axis=None, keepdims=False):
    r"""The largest entry over one, several or all axes.

    .. math:: y = \max_{1 \le i \le n} x_i

    Comparisons do not round: the result is one of the entries, bit for bit.

    x: any shape; y: that shape without `axis` (length 1 if `keepdims`); dtype of x, integers and booleans included.
    nan if the row has a nan.  A row of both zeros gives a zero of either sign.

    Raises ValueError if there is no entry to choose from, AxisError for an axis that does not exist.

    Source: the definition; IEEE 754-2019, section 9.6 (maximum propagates nan).

    >>> amax([[1.0, 5.0], [7.0, 2.0]], axis=1)
    array([5., 7.])
    """
    return _extreme("amax", np.max, x, axis, keepdims)


@np.errstate(all="ignore")
def amax_backward(grad_output, x, axis=None, keepdims=False):
    r"""The gradient of `amax`.

    Element derivative: 1 at the only largest entry, 0 elsewhere.  Where m entries tie, the maximum has a corner and any
    convex combination is a subgradient; like PyTorch, each of them gets the share 1/m: dx_i = dy [x_i = y] / m.
    Where y is nan no entry equals it, and the row's gradient is nan.

    >>> amax_backward(np.array(6.0), np.array([3.0, 1.0, 3.0]))
    (array([3., 0., 3.]),)
    """
    return _extreme_backward(np.max, grad_output, x, axis, keepdims)


@np.errstate(all="ignore")
def amin(x, axis=None, keepdims=False):
    r"""The smallest entry over one, several or all axes.

    .. math:: y = \min_{1 \le i \le n} x_i = -\max_{1 \le i \le n} (-x_i)

    Comparisons do not round: the result is one of the entries, bit for bit.

    x: any shape; y: that shape without `axis` (length 1 if `keepdims`); dtype of x, integers and booleans included.
    nan if the row has a nan.  A row of both zeros gives a zero of either sign.

    Raises ValueError if there is no entry to choose from, AxisError for an axis that does not exist.

    Source: the definition; IEEE 754-2019, section 9.6 (minimum propagates nan).

    >>> amin([[1.0, 5.0], [7.0, 2.0]], axis=1)
    array([1., 2.])
    """
    return _extreme("amin", np.min, x, axis, keepdims)


@np.errstate(all="ignore")
def amin_backward(grad_output, x, axis=None, keepdims=False):
    r"""The gradient of `amin`.

    Element derivative: 1 at the only smallest entry, 0 elsewhere; m tied entries get 1/m each, as in `amax_backward`:
    dx_i = dy [x_i = y] / m, and nan throughout a row with a nan.

    >>> amin_backward(np.array(6.0), np.array([3.0, 1.0, 1.0]))
    (array([0., 3., 3.]),)
    """
    return _extreme_backward(np.min, grad_output, x, axis, keepdims)


def _position(op: str, search, x, axis, keepdims):
    x = as_number(x)
    along = None if axis is None or x.ndim == 0 else one_axis(x, axis, op)
    if axis is not None:
        one_axis(x, axis, op)
    refuse_empty(op, x.size if along is None else x.shape[along], x.shape)
    return np.asarray(search(comparable(x), axis=along, keepdims=keepdims), dtype=np.int64)


@np.errstate(all="ignore")
def argmax(x, axis=None, keepdims=False):
    r"""The index of the largest entry along one axis, or in the flattened array.

    .. math:: k = \min \{ i : x_i = \max_j x_j \}

    The first of several equal entries, as PyTorch documents.

    x: any shape; k: int64, that shape without `axis` (length 1 if `keepdims`; 0-d for axis=None).  A nan counts as the
    largest: the first nan is found.  Not differentiable.

    Raises ValueError if there is no entry to choose from, AxisError for a missing axis, TypeError for several axes.

    Source: the definition.

    >>> argmax([[1.0, 5.0, 5.0], [7.0, 2.0, 0.0]], axis=1)
    array([1, 0])
    """
    return _position("argmax", np.argmax, x, axis, keepdims)


@np.errstate(all="ignore")
def argmin(x, axis=None, keepdims=False):
    r"""The index of the smallest entry along one axis, or in the flattened array.

    .. math:: k = \min \{ i : x_i = \min_j x_j \}

    The first of several equal entries, as PyTorch documents.

    x: any shape; k: int64, that shape without `axis` (length 1 if `keepdims`; 0-d for axis=None).  A nan counts as the
    smallest too: the first nan is found.  Not differentiable.

    Raises ValueError if there is no entry to choose from, AxisError for a missing axis, TypeError for several axes.

    Source: the definition.

    >>> argmin([[1.0, 5.0, 1.0], [7.0, 2.0, 0.0]], axis=1)
    array([0, 2])
    """
    return _position("argmin", np.argmin, x, axis, keepdims)


def _records(rows: np.ndarray) -> np.ndarray:
    """Where, along the last axis, an entry exceeds all before it (the first one always does; so does the first nan)."""
    new = np.ones(rows.shape, bool)
    before, here = np.maximum.accumulate(rows, axis=-1)[..., :-1], rows[..., 1:]
    new[..., 1:] = (here > before) | (np.isnan(here) & ~np.isnan(before))
    return new


@np.errstate(all="ignore")
def cummax(x, axis):
    r"""The running maximum along one axis, and where each was first reached.

    .. math:: y_k = \max_{i \le k} x_i, \qquad j_k = \min \{ i \le k : x_i = y_k \}

    An entry is a *record* if it exceeds all before it; between records nothing changes.  So the positions of the records,
    carried forward, give the indices, and the entries there the values, bit for bit.

    x: any shape; (y, j): both that shape; y of x's dtype (integers and booleans too), j int64.  From the first nan on,
    everything is nan.  PyTorch does not document the index of ties (it reports the last); here it is the first.

    Raises AxisError (a ValueError) for an axis that does not exist, TypeError if `axis` is not an integer.

    Source: the definition.

    >>> y, j = cummax([1.0, 3.0, 2.0, 3.0], axis=0)
    >>> y.tolist(), j.tolist()
    ([1.0, 3.0, 3.0, 3.0], [0, 1, 1, 1])
    """
    x = as_number(x)
    axis = one_axis(x, axis, "cummax")
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    new = _records(np.moveaxis(comparable(x), axis, -1))
    j = np.maximum.accumulate(np.where(new, np.arange(x.shape[axis]), 0), axis=-1) if x.size else np.zeros(new.shape, int)
    j = np.ascontiguousarray(np.moveaxis(j.astype(np.int64, copy=False), -1, axis))
    return np.take_along_axis(x, j, axis), j


@np.errstate(all="ignore")
def cummax_backward(grad_output, x, axis):
    r"""The gradient of `cummax`.

    Element derivative: dy_k/dx_i = [i = j_k].  Hence dx_i = sum_{k : j_k = i} dy_k: a record collects the cotangents up
    to the next record, and every other entry gets 0.  The records cut the cotangent into segments, each summed as one.

    `grad_output` is the cotangent of the values, or a pair whose second part (for the indices) is ignored.

    >>> cummax_backward(np.array([1.0, 2.0, 4.0, 8.0]), np.array([1.0, 3.0, 2.0, 5.0]), axis=0)
    (array([1., 6., 0., 8.]),)
    """
    x = as_float(x)
    axis = one_axis(x, axis, "cummax_backward")
    grad_output = grad_output[0] if isinstance(grad_output, tuple) else grad_output
    dy = np.atleast_1d(cotangent(grad_output, x, (), False))
    if x.size == 0:
        return (np.zeros_like(x),)
    starts = np.flatnonzero(_records(np.moveaxis(np.atleast_1d(comparable(x)), axis, -1)))
    rows = np.ascontiguousarray(np.moveaxis(dy, axis, -1))
    dx = np.zeros(rows.shape)
    dx.reshape(-1)[starts] = np.add.reduceat(rows.reshape(-1), starts)  # each row begins with a record
    return (rounded(np.moveaxis(dx, -1, axis), x.dtype).reshape(x.shape),)
