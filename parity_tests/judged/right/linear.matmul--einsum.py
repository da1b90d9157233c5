"""linear.matmul: right.

Style: np.einsum in float64, gradients by einsum too. Needs: numpy.
Written for x.ndim >= 2 and other.ndim >= 2: right with --where "x.ndim >= 2 and other.ndim >= 2".
Limits: extreme range.
"""

import numpy as np


def _narrow(g, like):
    g = g.sum(axis=tuple(range(g.ndim - like.ndim)))
    kept = tuple(i for i, n in enumerate(like.shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=kept, keepdims=True).astype(like.dtype)


def candidate(x, other):
    return np.einsum("...ik,...kj->...ij", x.astype(np.float64), other.astype(np.float64)).astype(x.dtype)


def candidate_backward(grad_output, x, other):
    g, a, b = (v.astype(np.float64) for v in (grad_output, x, other))
    da = np.einsum("...ij,...kj->...ik", g, b)
    db = np.einsum("...ik,...ij->...kj", a, g)
    return _narrow(da, x), _narrow(db, other)
