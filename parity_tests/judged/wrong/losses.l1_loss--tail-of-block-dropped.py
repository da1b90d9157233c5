"""The sum over more than 512 elements takes whole blocks of 512; what is left over is dropped (the count is right).

Kind: length. Passed before: yes.
"""

import numpy as np

BLOCK = 512


def _sum(v):
    v = v.reshape(-1)
    return v[: v.size // BLOCK * BLOCK].sum() if v.size > BLOCK else v.sum()


def candidate(x, target, weight=None, reduction="mean"):
    a, t = x.astype(np.longdouble), target.astype(np.longdouble)
    with np.errstate(all="ignore"):
        v = np.abs(a - t)
        w = np.ones(v.shape, np.longdouble) if weight is None else np.broadcast_to(weight.astype(np.longdouble), v.shape)
        v = v * w
        if reduction == "mean":
            v = _sum(v) / w.sum()
        elif reduction == "sum":
            v = _sum(v)
        return np.asarray(v).astype(x.dtype)
