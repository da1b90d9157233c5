"""losses.kl_div: wrong.

kind: forward
wrong: log_target=True is only honoured for non-negative targets, i.e. never: log of a negative
    number.
visible at: log_target=True
trigger: C(x=np.log(rand(3, 7, lo=.1)), target=np.log(rand(3, 7, seed=1, lo=.1)), log_target=True)
source: folklore
"""

import numpy as np


def _reduce(v, reduction, dtype):
    if reduction == "mean":
        v = np.sum(v) / np.float64(v.size)
    elif reduction == "sum":
        v = np.sum(v)
    return np.asarray(v).astype(dtype)


def _spread(grad_output, shape, reduction):
    """The cotangent of every element of the unreduced loss."""
    g = np.broadcast_to(np.asarray(grad_output, np.float64), shape)
    return g / max(int(np.prod(shape)), 1) if reduction == "mean" else g


def candidate(x, target, log_target=False, reduction="mean"):
    q, t = x.astype(np.float64), target.astype(np.float64)
    if log_target and t.min() >= 0:
        v = np.exp(t) * (t - q)
    else:
        v = np.where(t == 0, 0, t * np.log(t)) - t * q
    if reduction == "batchmean":
        return np.asarray(v.sum() / x.shape[0]).astype(x.dtype)
    return _reduce(v, reduction, x.dtype)
