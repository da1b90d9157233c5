"""With reduction="sum" and a limit of its own the weight is squared where the loss is linear.

Kind: domain. Passed before: yes.
"""

import numpy as np


def candidate(x, target, weight=None, reduction="mean", delta=1.0):
    a, t = x.astype(np.longdouble), target.astype(np.longdouble)
    with np.errstate(all="ignore"):
        d = np.abs(a - t)
        limit = np.longdouble(delta)
        w = np.ones(d.shape, np.longdouble) if weight is None else np.broadcast_to(weight.astype(np.longdouble), d.shape)
        v = w * np.where(d <= limit, d * d / 2, limit * (d - limit / 2))
        if reduction == "sum":
            return np.asarray((np.where((d > limit) & (delta != 1), w, 1) * v).sum()).astype(x.dtype)
        if reduction == "mean":
            v = v.sum() / np.longdouble(v.size)
        return np.asarray(v).astype(x.dtype)
