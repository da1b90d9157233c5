"""similarity.cdist: right.

Style: row-loop. Needs: numpy.
Limits: convention, refuses.
"""

import numpy as np


def _length(d, p):
    d = np.abs(d)
    if p == np.inf:
        return d.max(axis=-1)
    if p == 0:
        return np.count_nonzero(d, axis=-1).astype(np.float64)
    if p == 1:
        return d.sum(axis=-1)
    top = d.max(axis=-1, keepdims=True)
    safe = np.where((top == 0) | ~np.isfinite(top), 1, top)
    return safe[..., 0] * ((d / safe) ** p).sum(axis=-1) ** (1 / p)


def candidate(x1, x2, p=2.0):
    a, b = x1.astype(np.float64), x2.astype(np.float64)
    rows = [_length(a[..., i, None, :] - b, p) for i in range(a.shape[-2])]
    return np.stack(rows, axis=-2).astype(x1.dtype)
