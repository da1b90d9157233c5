"""reductions.amin: right.

Style: np.minimum.reduce; ties share the gradient. Needs: numpy.
Limits: scalar type.
"""

import numpy as np


def candidate(x, axis=None, keepdims=False):
    axis = tuple(range(x.ndim)) if axis is None else axis
    return np.asarray(np.minimum.reduce(x, axis=axis, keepdims=keepdims))


def candidate_backward(grad_output, x, axis=None, keepdims=False):
    axis = tuple(range(x.ndim)) if axis is None else axis
    y = np.minimum.reduce(x, axis=axis, keepdims=True)
    wins = x == y
    g = np.asarray(grad_output, np.float64).reshape(y.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        return ((wins * (g / wins.sum(axis=axis, keepdims=True))).astype(x.dtype),)
