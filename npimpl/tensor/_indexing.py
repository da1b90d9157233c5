"""Gathering and scattering by index, one-hot codes, and windows: every gather's transpose is a scatter that adds.

Sums over repeated indices are taken in float64 and rounded once, whatever the dtype: in float16 the 2049th addition of 1
would otherwise be lost.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from npimpl._axes import normalize_axis
from npimpl._precision import is_float, result_dtype, rounded
from npimpl.tensor._cotangent import cotangent

__all__ = [
    "one_hot",
    "scatter_add",
    "scatter_add_backward",
    "sliding_window",
    "sliding_window_backward",
    "take_along_axis_backward",
]


@np.errstate(all="ignore")
def take_along_axis_backward(grad_output, x, indices, axis=-1):
    """Backward of `numpy.take_along_axis`: every cotangent is added to the element it was read from.

    The forward gathers, y[i, j, k] = x[i, index[i, j, k], k] (for axis 1).  Its Jacobian has a single 1 in each row,
    dy[i, j, k]/dx[i, m, k] = [index[i, j, k] = m], so

        dx[i, m, k] = sum over j with index[i, j, k] = m of dy[i, j, k]

    An element that is read twice receives two cotangents, one that is not read gets 0.  The sum is taken in float64
    and rounded once.  Negative indices count from the end, and `axis=None` reads the flattened array, as in NumPy.
    Shapes: indices has x's rank, and x's lengths but for `axis` (a length of 1 is broadcast).  Returns (dx, None): dx as
    x in shape and dtype.
    Raises ValueError for a cotangent of another shape, IndexError for an index out of range.

    >>> take_along_axis_backward(np.array([1.0, 2.0, 4.0]), np.zeros(3), np.array([0, 0, 2]))[0]
    array([3., 0., 4.])
    """
    x, indices = np.asarray(x), np.asarray(indices)
    if indices.dtype.kind in "iu":  # 8 bits do not hold the length of the axis
        indices = indices.astype(np.int64)
    shape = (x.size,) if axis is None else x.shape
    (a,) = normalize_axis(0 if axis is None else axis, len(shape))
    if ((indices < -shape[a]) | (indices >= shape[a])).any():
        raise IndexError(f"`indices` holds {indices.min()} to {indices.max()}; axis {a} of length {shape[a]} allows "
                         f"{-shape[a]} to {shape[a] - 1}.")  # fmt: skip
    places = _places(tuple(n if d != a else indices.shape[a] for d, n in enumerate(shape)), a, indices % max(shape[a], 1))
    dy = cotangent(grad_output, np.broadcast_shapes(*(p.shape for p in places)), "take_along_axis")
    dx = _add_at(np.zeros(shape), places, dy)
    return rounded(dx, x.dtype if is_float(x.dtype) else dy.dtype).reshape(x.shape), None


@np.errstate(all="ignore")
def scatter_add(x, axis, index, src):
    """Add the elements of `src` to the elements of `x` that `index` names.

        y[m, j, k] = x[m, j, k] + sum over i with index[i, j, k] = m of src[i, j, k]        (for axis 0)

    and likewise for any other axis.  An index may occur many times: all its contributions count (in contrast to
    `y[index] += src`, which keeps the last one).  They are added in float64 and rounded once, so float16 counters do not
    stick at 2048; float64 itself adds them one after the other, with an error of at most (terms) u sum |terms|.

    Shapes, as in torch: x, index and src have one rank; index is nowhere longer than src, and not longer than x but along
    `axis`; elements of src beyond index are ignored.  Result as x, in NumPy's promotion of x and src (integers
    stay integers).  nan and infinities add as IEEE has it; where nothing is added x passes bit by bit.
    Raises ValueError for shapes that do not fit, IndexError for an index outside 0 … n-1, TypeError for an index
    that is not of integers.

    >>> scatter_add(np.zeros(3), 0, np.array([0, 2, 0]), np.array([1.0, 2.0, 4.0]))
    array([5., 0., 2.])
    """
    x, index, src, a = _scatter_arguments(x, axis, index, src)
    floats = is_float(x.dtype) or is_float(src.dtype)
    dtype = result_dtype(*(v for v in (x, src) if is_float(v.dtype))) if floats else np.result_type(x, src)
    wide = np.float64 if floats else dtype
    part = np.atleast_1d(src)[tuple(slice(n) for n in index.shape)]
    y = _add_at(np.array(np.atleast_1d(x), wide, order="C"), _places(index.shape, a, index), part.astype(wide, copy=False))
    return rounded(y.reshape(x.shape), dtype)


def scatter_add_backward(grad_output, x, axis, index, src):
    """Backward of `scatter_add`: x gets the cotangent as it is, src gathers it.

    y[m] = x[m] + sum_i [index[i] = m] src[i] has dy[m]/dx[n] = [m = n] and dy[m]/dsrc[i] = [index[i] = m], so

        dx[m] = dy[m],        dsrc[i] = sum_m dy[m] [index[i] = m] = dy[index[i]]

    The transpose of scattering is gathering: exact.  Elements of src beyond index were ignored and get 0.
    Returns (dx, None, dsrc), shaped and typed as x and src (None stands for index).  Raises as `scatter_add`.

    >>> scatter_add_backward(np.array([1.0, 2.0, 3.0]), np.zeros(3), 0, np.array([0, 2, 0]), np.zeros(3))[2]
    array([1., 3., 1.])
    """
    x, index, src, a = _scatter_arguments(x, axis, index, src)
    dy = cotangent(grad_output, x.shape, "scatter_add")
    dsrc = np.zeros(src.shape, src.dtype if is_float(src.dtype) else dy.dtype)
    gathered = np.atleast_1d(dy)[_places(index.shape, a, index)]
    dsrc.reshape(np.atleast_1d(src).shape)[tuple(slice(n) for n in index.shape)] = gathered
    return dy.astype(x.dtype if is_float(x.dtype) else dy.dtype), None, dsrc


def one_hot(indices, num_classes=-1):
    """Each class index as a row with a single 1.

        y[..., k] = [indices[...] = k],   k = 0 … K-1

    Integers throughout, so there is nothing to round and nothing to differentiate.

    Shapes: indices of any shape S; y is S + (K,), int64, with K = `num_classes`, or max(indices) + 1 for -1.
    Raises TypeError for indices that are not integers, ValueError for a negative index, for one that is not
    below `num_classes`, and for no indices at all without `num_classes`.

    >>> one_hot(np.array([2, 0]), num_classes=3)
    array([[0, 0, 1],
           [1, 0, 0]])
    """
    indices = np.asarray(indices)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"`indices` has dtype {indices.dtype}, but class indices are integers; convert with `.astype(int)`.")
    if num_classes == -1 and not indices.size:
        raise ValueError("`indices` is empty, so the number of classes cannot be read off; give `num_classes`.")
    k = int(indices.max()) + 1 if num_classes == -1 else num_classes
    if num_classes != -1 and num_classes < 1:
        raise ValueError(f"`num_classes` is {num_classes}, but must be positive, or -1 for the largest index plus one.")
    if indices.size and not 0 <= indices.min() <= indices.max() < k:
        raise ValueError(f"`indices` holds {indices.min()} to {indices.max()}, but {k} classes are numbered 0 to {k - 1}.")
    return (indices[..., None] == np.arange(k)).astype(np.int64)


def sliding_window(x, axis, size, step):
    """All windows of `size` neighbours along one axis, every `step` elements: a read-only view, nothing is copied.

        y[..., i, ..., k] = x[..., i step + k, ...],   i = 0 … floor((n - size)/step),   k = 0 … size-1

    i takes the place of `axis` and k is the new last axis (torch's `Tensor.unfold`).  Windows overlap in memory when
    step < size, therefore the view cannot be written through; copy it first.  Elements that do not fill a last window
    are left out.

    Shapes: x of shape (..., n, ...) gives (..., floor((n - size)/step) + 1, ..., size); any dtype, kept.
    Raises ValueError for a size outside 1 … n or a step below 1, AxisError for an axis that x does not have.

    >>> sliding_window(np.arange(5), 0, 3, 2)
    array([[0, 1, 2],
           [2, 3, 4]])
    """
    x = np.asarray(x)
    a = _window_axis(x, axis, size, step)
    windows = sliding_window_view(x, size, axis=a)
    return windows[(slice(None),) * a + (slice(None, None, step),)]


@np.errstate(all="ignore")
def sliding_window_backward(grad_output, x, axis, size, step):
    """Backward of `sliding_window`: overlapping windows add up.

    y[i, k] = x[i step + k] has dy[i, k]/dx[j] = [i step + k = j], so

        dx[j] = sum over (i, k) with i step + k = j of dy[i, k]

    It is computed tap by tap: for each k the cotangents dy[:, k] land on the positions k, k + step, ..., which are
    distinct, so one strided addition serves all windows.  Sums in float64, rounded once; elements in no window get 0.
    Shapes: dx as x, in x's dtype.  Raises as `sliding_window`, and for a cotangent of another shape.

    >>> sliding_window_backward(np.ones((2, 3)), np.zeros(5), 0, 3, 2)
    (array([1., 1., 2., 1., 1.]),)
    """
    x = np.asarray(x)
    a = _window_axis(x, axis, size, step)
    windows = (x.shape[a] - size) // step + 1
    dy = cotangent(grad_output, (*x.shape[:a], windows, *x.shape[a + 1 :], size), "sliding_window")
    dy = np.moveaxis(dy, a, 0)
    dx = np.zeros((x.shape[a], *x.shape[:a], *x.shape[a + 1 :]))
    for k in range(size):
        dx[k : k + step * (windows - 1) + 1 : step] += dy[..., k]
    return (rounded(np.moveaxis(dx, 0, a), x.dtype if is_float(x.dtype) else dy.dtype),)


def _window_axis(x, axis, size, step) -> int:
    if not x.ndim:
        raise ValueError("`x` has no axes, but a window slides along one; give an array of at least one dimension.")
    (a,) = normalize_axis(axis, x.ndim)
    if not 1 <= size <= x.shape[a]:
        raise ValueError(
            f"`size` is {size}, but a window along axis {axis} of length {x.shape[a]} has 1 to {x.shape[a]} elements."
        )
    if step < 1:
        raise ValueError(f"`step` is {step}, but windows move forward by at least 1.")
    return a


def _places(shape: tuple[int, ...], axis: int, index: np.ndarray) -> tuple[np.ndarray, ...]:
    """Index arrays that name, for each element of `index`, its own position with `index` in place of `axis`."""
    grid = list(np.ogrid[tuple(slice(n) for n in shape)])
    grid[axis] = index
    return tuple(grid)


def _add_at(y: np.ndarray, places, values) -> np.ndarray:
    """y[places] += values with every repetition counted, in place on the contiguous `y`."""
    if values.size:
        flat = np.ravel_multi_index(places, y.shape)
        np.add.at(
            y.reshape(-1), np.broadcast_to(flat, values.shape).reshape(-1), values.reshape(-1).astype(y.dtype, copy=False)
        )
    return y


def _scatter_arguments(x, axis, index, src):
    """The arrays (index at least 1-d) and the axis, all shapes and indices checked."""
    x, index, src = np.asarray(x), np.asarray(index), np.asarray(src)
    if index.dtype.kind not in "iu":
        raise TypeError(f"`index` has dtype {index.dtype}, but must be of integers; convert it with `.astype(int)`.")
    (a,) = normalize_axis(axis, max(x.ndim, 1))
    if not x.ndim == index.ndim == src.ndim:
        raise ValueError(f"x, index and src have {x.ndim}, {index.ndim} and {src.ndim} dimensions, but need the same number.")
    for d, (m, n, s) in enumerate(zip(index.shape, x.shape, src.shape, strict=True)):
        if index.size and (m > s or (d != a and m > n)):
            raise ValueError(f"`index` has shape {index.shape}, but may not be longer than src {src.shape} along any axis, "
                             f"nor than x {x.shape} along any axis but {a}.")  # fmt: skip
    n = np.atleast_1d(x).shape[a]
    if index.size and not 0 <= index.min() <= index.max() < n:
        raise IndexError(f"`index` holds {index.min()} to {index.max()}, but axis {a} of x has the elements 0 to {n - 1}.")
    return x, np.atleast_1d(index), src, a
