"""reductions.std: right.

Style: np.std in float64 with ddof, textbook gradient. Needs: numpy.
Limits: extreme range, ill-conditioned here, refuses, shared error.
"""

import numpy as np


def candidate(x, axis=None, correction=1, keepdims=False):
    with np.errstate(all="ignore"):
        return np.asarray(np.std(x.astype(np.float64), axis=axis, ddof=correction, keepdims=keepdims)).astype(x.dtype)


def candidate_backward(grad_output, x, axis=None, correction=1, keepdims=False):
    z = x.astype(np.float64)
    s = np.std(z, axis=axis, ddof=correction, keepdims=True)
    n = x.size // max(s.size, 1)
    g = np.asarray(grad_output, np.float64).reshape(s.shape)
    with np.errstate(all="ignore"):
        d = z - z.mean(axis=axis, keepdims=True)
        dx = np.where(s == 0, 0.0, g * d / (np.float64(max(n - correction, 0)) * s))
    return (dx.astype(x.dtype),)
