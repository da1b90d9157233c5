"""distributions.normal_log_prob: right.

Style: float64, gradients reduced to the shapes of the parameters. Needs: numpy.
Limits: convention, extreme range, shared error.
"""

import math

import numpy as np


def _wide(*arrays):
    return np.broadcast_arrays(*(a.astype(np.float64) for a in arrays))


def _narrow(g, like):
    while g.ndim > like.ndim:
        g = g.sum(axis=0)
    for axis, n in enumerate(like.shape):
        if n == 1 and g.shape[axis] != 1:
            g = g.sum(axis=axis, keepdims=True)
    return np.asarray(g).astype(like.dtype)


def candidate(value, loc, scale):
    v, m, s = _wide(value, loc, scale)
    y = -((v - m) ** 2) / (2 * s * s) - np.log(s) - math.log(math.sqrt(2 * math.pi))
    return np.asarray(y).astype(value.dtype)


def candidate_backward(grad_output, value, loc, scale):
    v, m, s = _wide(value, loc, scale)
    g = grad_output.astype(np.float64)
    toward = g * (m - v) / (s * s)
    spread = g * ((v - m) ** 2 - s * s) / s**3
    return _narrow(toward, value), _narrow(-toward, loc), _narrow(spread, scale)
