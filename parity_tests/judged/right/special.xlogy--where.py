"""special.xlogy: right.

Style: np.where around the logarithm, gradients summed to the shapes of the arguments. Needs: numpy.
Limits: convention, extreme range, shared error, signed zero.
"""

import numpy as np


def _narrow(g, like):
    g = g.sum(axis=tuple(range(g.ndim - like.ndim)))
    kept = tuple(i for i, n in enumerate(like.shape) if n == 1 and g.shape[i] != 1)
    return np.asarray(g.sum(axis=kept, keepdims=True)).astype(like.dtype)


def candidate(x, other):
    a, b = np.broadcast_arrays(x.astype(np.float64), other.astype(np.float64))
    with np.errstate(all="ignore"):
        y = np.where((a == 0) & ~np.isnan(b), 0.0, a * np.log(b))
    return np.asarray(y).astype(x.dtype)


def candidate_backward(grad_output, x, other):
    a, b = np.broadcast_arrays(x.astype(np.float64), other.astype(np.float64))
    g = grad_output.astype(np.float64)
    with np.errstate(all="ignore"):
        by_x = np.where((a == 0) & (b <= 0), 0.0, np.log(b))
        return _narrow(g * by_x, x), _narrow(g * (a / b), other)
