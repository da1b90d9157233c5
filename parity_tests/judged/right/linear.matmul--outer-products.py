"""linear.matmul: right.

Style: a sum of outer products, one for each k, in float64. Needs: numpy.
Limits: extreme range.
"""

import numpy as np


def candidate(x, other):
    a = (x[None] if x.ndim == 1 else x).astype(np.float64)
    b = (other[:, None] if other.ndim == 1 else other).astype(np.float64)
    if a.shape[-1] != b.shape[-2]:
        raise ValueError("the inner lengths differ")
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    y = np.zeros((*batch, a.shape[-2], b.shape[-1]))
    with np.errstate(all="ignore"):
        for k in range(a.shape[-1]):
            y = y + a[..., :, k, None] * b[..., None, k, :]
    y = y[..., 0] if other.ndim == 1 else y
    y = (y[..., 0] if other.ndim == 1 else y[..., 0, :]) if x.ndim == 1 else y
    return np.asarray(y).astype(x.dtype)
