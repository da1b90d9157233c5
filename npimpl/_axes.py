"""Axes, broadcasting and sums that every family shares."""

from __future__ import annotations

import math

import numpy as np


def normalize_axis(axis, ndim: int) -> tuple[int, ...]:
    """`axis` (None: all of them, an integer, or a tuple) as a sorted tuple of axes in 0 … ndim-1."""
    axes = range(ndim) if axis is None else (axis,) if np.ndim(axis) == 0 else tuple(axis)
    for a in axes:
        if not isinstance(a, (int, np.integer)):
            raise TypeError(f"axis is {axis!r}, but axes are counted; give an integer for each.")
        if not -max(ndim, 1) <= a < max(ndim, 1):
            allowed = f"-{max(ndim, 1)} to {max(ndim, 1) - 1}"
            raise np.exceptions.AxisError(f"axis {a} is out of range for an array of {ndim} dimensions; allowed: {allowed}.")
    if ndim == 0:
        return ()
    positive = sorted(a % ndim for a in axes)
    if len(set(positive)) != len(positive):
        raise ValueError(f"axis {tuple(axes)} names one axis twice; give each axis once.")
    return tuple(positive)


def broadcast_shape(*arrays) -> tuple[int, ...]:
    """The shape that these arrays (None: not given) have together."""
    shapes = [a.shape for a in arrays if a is not None]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(map(str, shapes))
        raise ValueError(f"The arguments have shapes {listed}, which do not broadcast together; pass equal shapes.") from None


def sum_to_shape(grad: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The transpose of broadcasting: sums `grad` over the axes along which `shape` was broadcast."""
    if grad.shape == shape:
        return grad
    lead = grad.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1 and grad.shape[i + lead] != 1)
    return pairwise_sum(grad, axes, keepdims=True).reshape(shape)


def pairwise_sum(x: np.ndarray, axis=None, keepdims: bool = False) -> np.ndarray:
    """Sum of a float64 array along any axes with a rounding error that grows like log2(n), whatever the layout.

    NumPy's own `sum` is pairwise only along the fastest axis; along any other it adds row after row and its error
    grows like n.  Here halves are added to halves, which is pairwise summation by construction
    (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2, eq. 4.6).
    """
    axes = normalize_axis(axis, x.ndim)
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    rest = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    count = math.prod(x.shape[i] for i in axes)
    rows = np.moveaxis(x, axes, range(len(axes))).reshape((count, *rest)) if axes else x[None]
    total = _halve(rows)
    return total.reshape(kept if keepdims else rest)


def _halve(rows: np.ndarray) -> np.ndarray:
    n = rows.shape[0]
    if n == 0:
        return np.zeros(rows.shape[1:], rows.dtype)
    if n <= 8 or (rows.ndim == 1 and rows.flags.c_contiguous):
        return np.add.reduce(rows, axis=0)
    while n > 8:
        half = n // 2
        pairs = rows[:half] + rows[half : 2 * half]
        if n % 2:
            pairs[0] += rows[-1]
        rows, n = pairs, half
    return np.add.reduce(rows, axis=0)
