"""The logits are shifted by the largest of the whole batch: rows far below it lose their sum of exponentials.

Kind: mixture. Passed before: yes.
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
        top = z.max(initial=-np.inf)
        logp = (z - top) - np.log(np.exp(z - top).sum(axis, keepdims=True))
        t = t * (1 - label_smoothing) + label_smoothing / n
        term = np.where(t * w == 0, 0 * logp, w * t * logp)
        v = -term.sum(axis)
        if reduction == "mean":
            v = v.sum() / max(v.size, 1) if x.size else np.array(np.nan)
        elif reduction == "sum":
            v = v.sum()
        return np.asarray(v).astype(x.dtype)
