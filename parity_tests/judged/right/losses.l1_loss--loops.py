"""losses.l1_loss: right.

Style: Python loops and math.fsum. Needs: numpy.
Limits: shared error.
"""

import math

import numpy as np


def candidate(x, target, weight=None, reduction="mean"):
    a, b = np.broadcast_arrays(x.astype(np.float64), target.astype(np.float64))
    w = np.ones(a.shape) if weight is None else np.broadcast_to(weight.astype(np.float64), a.shape)
    out = np.empty(a.shape)
    for at in np.ndindex(a.shape):
        out[at] = w[at] * abs(a[at] - b[at])
    if reduction == "none":
        return out.astype(x.dtype)
    values = out.ravel().tolist()
    total = math.fsum(values) if np.isfinite(out).all() else sum(values)
    if reduction == "mean":
        total = np.float64(total) / np.float64(a.size if weight is None else math.fsum(w.ravel().tolist()))
    return np.asarray(total, np.float64).astype(x.dtype)
