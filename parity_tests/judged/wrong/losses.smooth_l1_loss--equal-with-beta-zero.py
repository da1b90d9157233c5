"""The quadratic piece includes its end: with beta = 0 an exact hit is 0/0.

Kind: domain. Passed before: yes.
"""

import numpy as np


def candidate(x, target, reduction="mean", beta=1.0):
    a, t = x.astype(np.longdouble), target.astype(np.longdouble)
    with np.errstate(all="ignore"):
        d = np.abs(a - t)
        b = np.longdouble(beta)
        v = np.where(d <= b, d * d / (2 * b), d - b / 2)
        if reduction == "mean":
            v = v.sum() / np.longdouble(v.size)
        elif reduction == "sum":
            v = v.sum()
        return np.asarray(v).astype(np.result_type(x, target))
