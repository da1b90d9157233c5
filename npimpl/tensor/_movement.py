"""Backwards of NumPy's own stack, concatenate, flip, roll and moveaxis: each is undone, exactly, bit by bit.

These operations permute or join elements.  A permutation matrix P has the transpose P^-1, so the backward moves every
cotangent back to where its element came from.
"""

from __future__ import annotations

import numpy as np

from npimpl._axes import normalize_axis
from npimpl.tensor._cotangent import cotangent, fresh

__all__ = ["concatenate_backward", "flip_backward", "moveaxis_backward", "roll_backward", "stack_backward"]


def stack_backward(grad_output, arrays, axis=0):
    """Backward of `numpy.stack`: each array gets its own slice of the cotangent.

    The forward puts the K arrays side by side along a new axis, y[..., k, ...] = x_k[...], so the vector-Jacobian
    product is

        dx_k[...] = dy[..., k, ...]

    Nothing is computed, so nothing is rounded.  Shapes: K arrays of one shape S; `grad_output` is S with K inserted at
    `axis`; returns K arrays of shape S, in the dtypes of `arrays`, never views.
    Raises ValueError for arrays of different shapes or a cotangent of another shape.

    >>> stack_backward(np.array([[1.0, 2.0], [3.0, 4.0]]), (np.zeros(2), np.zeros(2)), axis=1)
    (array([1., 3.]), array([2., 4.]))
    """
    xs = _sequence(arrays, "stack")
    shape = xs[0].shape
    if any(x.shape != shape for x in xs):
        raise ValueError(f"`arrays` have shapes {[x.shape for x in xs]}, but stack needs one shape; reshape or pad them first.")
    (a,) = normalize_axis(axis, len(shape) + 1)
    dy = np.moveaxis(cotangent(grad_output, (*shape[:a], len(xs), *shape[a:]), "stack"), a, 0)
    return tuple(fresh(dx, x) for dx, x in zip(dy, xs, strict=True))


def concatenate_backward(grad_output, arrays, axis=0):
    """Backward of `numpy.concatenate`: the cotangent is cut where the arrays met.

    With n_k the length of x_k along `axis` and s_k = n_0 + ... + n_(k-1) the place where it starts,
    y[..., s_k + i, ...] = x_k[..., i, ...], hence

        dx_k[..., i, ...] = dy[..., s_k + i, ...]

    Nothing is computed, so nothing is rounded.  `axis=None` joins the flattened arrays, as in NumPy.
    Shapes: x_k of shape S_k, equal but for `axis`; returns one array of shape S_k and x_k's dtype for each, never views.
    Raises ValueError for a cotangent of another shape.

    >>> concatenate_backward(np.array([1.0, 2.0, 3.0]), (np.zeros(1), np.zeros(2)))
    (array([1.]), array([2., 3.]))
    """
    xs = _sequence(arrays, "concatenate")
    parts = [x.reshape(-1) for x in xs] if axis is None else xs
    (a,) = normalize_axis(0 if axis is None else axis, parts[0].ndim)
    sizes = [p.shape[a] for p in parts]
    shape = list(parts[0].shape)
    shape[a] = sum(sizes)
    dy = cotangent(grad_output, tuple(shape), "concatenate")
    pieces = np.split(dy, np.cumsum(sizes)[:-1], axis=a)
    return tuple(fresh(dx, x).reshape(x.shape) for dx, x in zip(pieces, xs, strict=True))


def flip_backward(grad_output, x, axis=None):
    """Backward of `numpy.flip`: flip the cotangent.

    The forward reads each axis of length n backwards, y[i] = x[n-1-i].  Reversing twice changes nothing, so the
    permutation is its own inverse and its own transpose:

        dx[j] = sum_i dy[i] [n-1-i = j] = dy[n-1-j]

    Exact.  Shapes: dx as x, in x's dtype; a copy, although `numpy.flip` itself returns a view.
    Raises AxisError for an axis that x does not have.

    >>> flip_backward(np.array([1.0, 2.0, 3.0]), np.zeros(3))
    (array([3., 2., 1.]),)
    """
    x = np.asarray(x)
    return (fresh(np.flip(cotangent(grad_output, x.shape, "flip"), axis), x),)


def roll_backward(grad_output, x, shift, axis=None):
    """Backward of `numpy.roll`: roll the other way.

    The forward is y[(j + s) mod n] = x[j] along each axis, a cyclic permutation whose inverse shifts by -s:

        dx[j] = dy[(j + s) mod n]

    Exact.  `axis=None` rolls the flattened array; several shifts go with several axes, and an axis that is named twice
    is shifted by the sum.  Shapes: dx as x, in x's dtype, a copy.
    Raises AxisError for an axis that x does not have.

    >>> roll_backward(np.array([1.0, 2.0, 3.0]), np.zeros(3), shift=1)
    (array([2., 3., 1.]),)
    """
    x = np.asarray(x)
    dy = cotangent(grad_output, x.shape, "roll")
    back = tuple(-s for s in shift) if np.ndim(shift) else -shift
    return (fresh(np.roll(dy, back, axis), x),)


def moveaxis_backward(grad_output, x, source, destination):
    """Backward of `numpy.moveaxis`: move the axes back.

    The forward only renames positions, y[i_p(0), i_p(1), ...] = x[i_0, i_1, ...] for a permutation p of the axes, so

        dx = moveaxis(dy, destination, source)

    Exact.  Shapes: dx as x, in x's dtype; a copy, although `numpy.moveaxis` itself returns a view.
    Raises ValueError for a cotangent of another shape, AxisError for an axis that x does not have.

    >>> moveaxis_backward(np.zeros((3, 4, 2)), np.zeros((2, 3, 4)), 0, -1)[0].shape
    (2, 3, 4)
    """
    x = np.asarray(x)
    dy = cotangent(grad_output, np.moveaxis(x, source, destination).shape, "moveaxis")
    return (fresh(np.moveaxis(dy, destination, source), x),)


def _sequence(arrays, op: str) -> list[np.ndarray]:
    xs = [np.asarray(a) for a in arrays]
    if not xs:
        raise ValueError(f"`arrays` is empty, but {op} needs at least one array; give a sequence of arrays.")
    return xs
