"""similarity.normalize: right.

Style: np.sum of powers in float64. Needs: numpy.
Limits: convention, shared error.
"""

import numpy as np


def candidate(x, p=2.0, axis=1, eps=1e-12):
    z = x.astype(np.float64)
    size = np.abs(z)
    with np.errstate(all="ignore"):
        if p == np.inf:
            length = size.max(axis=axis, keepdims=True, initial=0)
        elif p == 0:
            length = np.count_nonzero(size, axis=axis, keepdims=True)
        else:
            length = (size**p).sum(axis=axis, keepdims=True) ** (1 / p)
        return (z / np.maximum(length, eps)).astype(x.dtype)
