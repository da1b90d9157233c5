"""losses.kl_div: right.

Style: scipy.special.xlogy minus the product. Needs: scipy.
"""

import numpy as np
from scipy.special import xlogy


def candidate(x, target, log_target=False, reduction="mean"):
    a, t = np.broadcast_arrays(x.astype(np.float64), target.astype(np.float64))
    with np.errstate(invalid="ignore", over="ignore"):
        if log_target:
            p = np.exp(t)
            loss = np.where((p == 0) & ~np.isnan(a), 0.0, p * (t - a))
        else:
            loss = xlogy(t, t) - np.where((t == 0) & ~np.isnan(a), 0.0, t * a)
        if reduction == "mean":
            loss = loss.sum() / np.float64(loss.size)
        elif reduction == "batchmean":
            loss = loss.sum() / np.float64(loss.shape[0])
        elif reduction == "sum":
            loss = loss.sum()
    return np.asarray(loss).astype(x.dtype)
