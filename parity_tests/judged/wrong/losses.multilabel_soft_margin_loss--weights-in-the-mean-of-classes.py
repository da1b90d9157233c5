"""With reduction="none" the mean over the classes is divided by the sum of their weights.

Kind: domain. Passed before: no.
"""

import numpy as np


def candidate(x, target, weight=None, reduction="mean"):
    z, t = x.astype(np.longdouble), target.astype(np.longdouble)
    with np.errstate(all="ignore"):
        tail = np.log1p(np.exp(-np.abs(z)))
        each = t * (np.maximum(-z, 0) + tail) + (1 - t) * (np.maximum(z, 0) + tail)
        n = np.longdouble(x.shape[-1])
        if weight is not None:
            each = each * weight.astype(np.longdouble)
            n = weight.astype(np.longdouble).sum() if reduction == "none" else n
        v = each.sum(-1) / n
        if reduction == "mean":
            v = v.sum() / np.longdouble(v.size)
        elif reduction == "sum":
            v = v.sum()
        return np.asarray(v).astype(x.dtype)
