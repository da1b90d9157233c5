"""Labels are read as signed bytes: class 128 of many is counted from the end.

Kind: length. Passed before: yes.
"""

import numpy as np


def candidate(x, target, weight=None, ignore_index=-100, reduction="mean"):
    axis = 1 if x.ndim > 1 else 0
    kept = target != ignore_index
    t = np.where(kept, target, 0).astype(np.int8)
    w = np.ones(x.shape[axis], np.longdouble) if weight is None else weight.astype(np.longdouble)
    t = np.where(t < 0, t + x.shape[axis], t).astype(np.int64)
    with np.errstate(all="ignore"):
        picked = np.take_along_axis(x, np.expand_dims(t, axis), axis).squeeze(axis).astype(np.longdouble)
        each = np.where(kept, w[t], 0)
        v = np.where(kept, -each * picked, 0)
        if reduction == "mean":
            v = v.sum() / each.sum()
        elif reduction == "sum":
            v = v.sum()
        return np.asarray(v).astype(x.dtype)
