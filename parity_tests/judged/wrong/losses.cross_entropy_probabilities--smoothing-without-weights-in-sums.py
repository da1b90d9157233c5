"""With reduction="sum" the share of the smoothing is not weighted by the classes; the mean and the rows are right.

Kind: domain. Passed before: yes.
"""

import numpy as np


def candidate(x, target, weight=None, reduction="mean", label_smoothing=0.0):
    axis = 1 if x.ndim > 1 else 0
    n = x.shape[axis]
    z, t = x.astype(np.longdouble), target.astype(np.longdouble)
    shape = [1] * x.ndim
    shape[axis] = n
    w = np.ones(n, np.longdouble) if weight is None else weight.astype(np.longdouble)
    w = w.reshape(shape)
    with np.errstate(all="ignore"):
        top = z.max(axis, keepdims=True, initial=-np.inf)
        logp = (z - top) - np.log(np.exp(z - top).sum(axis, keepdims=True))
        t = t * (1 - label_smoothing) + label_smoothing / n
        term = np.where(t * w == 0, 0 * logp, w * t * logp)
        if reduction == "sum" and label_smoothing:
            own = target.astype(np.longdouble) * (1 - np.longdouble(label_smoothing))
            rest = np.longdouble(label_smoothing) / n
            term = np.where(own * w == 0, 0 * logp, w * own * logp) + rest * logp
        v = -term.sum(axis)
        if reduction == "mean":
            v = v.sum() / max(v.size, 1) if x.size else np.array(np.nan)
        elif reduction == "sum":
            v = v.sum()
        return np.asarray(v).astype(x.dtype)
