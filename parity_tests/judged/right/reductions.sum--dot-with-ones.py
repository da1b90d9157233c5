"""reductions.sum: right.

Style: a matrix product with a vector of ones, in float64. Needs: numpy.
Limits: extreme range, refuses, shared error.
"""

import numpy as np


def _axes(x, axis):
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % x.ndim for a in axes)


def candidate(x, axis=None, keepdims=False):
    axes = _axes(x, axis)
    rest = [a for a in range(x.ndim) if a not in axes]
    n = int(np.prod([x.shape[a] for a in axes], dtype=int))
    rows = x.transpose(rest + list(axes)).reshape([x.shape[a] for a in rest] + [n]).astype(np.float64)
    y = rows @ np.ones(n)
    return np.asarray(np.expand_dims(y, axes) if keepdims else y).astype(x.dtype)


def candidate_backward(grad_output, x, axis=None, keepdims=False):
    shape = [1 if a in _axes(x, axis) else n for a, n in enumerate(x.shape)]
    return (np.broadcast_to(grad_output.reshape(shape), x.shape).copy(),)
