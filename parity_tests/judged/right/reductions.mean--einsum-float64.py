"""reductions.mean: right.

Style: add.reduce in float64 times 1/n. Needs: numpy.
Limits: extreme range, refuses, shared error.
"""

import numpy as np


def candidate(x, axis=None, keepdims=False):
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    n = 1
    for a in axes:
        n *= x.shape[a]
    return np.asarray(np.add.reduce(x.astype(np.float64), axis=axes, keepdims=keepdims) * (1 / n if n else np.nan)).astype(
        x.dtype
    )


def candidate_backward(grad_output, x, axis=None, keepdims=False):
    shape = list(x.shape)
    n = 1
    for a in range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,):
        n *= x.shape[a]
        shape[a] = 1
    return ((np.asarray(grad_output, np.float64).reshape(shape) / max(n, 1) * np.ones(x.shape)).astype(x.dtype),)
