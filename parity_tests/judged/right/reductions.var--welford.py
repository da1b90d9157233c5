"""reductions.var: right.

Style: Welford's one-pass update in float64. Needs: numpy.
Limits: ill-conditioned here, refuses, shared error.
"""

import numpy as np


def candidate(x, axis=None, correction=1, keepdims=False):
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(a % x.ndim for a in axes)
    rest = [a for a in range(x.ndim) if a not in axes]
    z = x.transpose(list(axes) + rest).reshape((-1, *tuple(x.shape[a] for a in rest))).astype(np.float64)
    mean, m2 = np.zeros(z.shape[1:]), np.zeros(z.shape[1:])
    for k, row in enumerate(z, 1):
        d = row - mean
        mean = mean + d / k
        m2 = m2 + d * (row - mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = m2 / np.float64(max(len(z) - correction, 0))
    return np.asarray(np.expand_dims(y, axes) if keepdims else y).astype(x.dtype)
