"""reductions.var: right.

Style: two passes in float64; the gradient 2 (x - mean) / (n - correction). Needs: numpy.
Limits: convention, extreme range, ill-conditioned here, refuses, shared error.
"""

import numpy as np


def _count(x, axis):
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([x.shape[a] for a in axes], dtype=int))


def candidate(x, axis=None, correction=1, keepdims=False):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        d = z - z.mean(axis=axis, keepdims=True)
        y = (d * d).sum(axis=axis, keepdims=keepdims) / np.float64(max(_count(x, axis) - correction, 0))
    return np.asarray(y).astype(x.dtype)


def candidate_backward(grad_output, x, axis=None, correction=1, keepdims=False):
    z, g = x.astype(np.float64), np.asarray(grad_output, np.float64)
    if not keepdims:
        g = g.reshape(z.sum(axis=axis, keepdims=True).shape)
    with np.errstate(all="ignore"):
        d = z - z.mean(axis=axis, keepdims=True)
        return ((2 * g * d / np.float64(max(_count(x, axis) - correction, 0))).astype(x.dtype),)
