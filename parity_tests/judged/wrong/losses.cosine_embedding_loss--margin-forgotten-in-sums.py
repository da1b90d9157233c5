"""The margin of pairs that should differ is taken for 0 if the loss is summed.

Kind: domain. Passed before: yes.
"""

import numpy as np


def candidate(input1, input2, target, margin=0.0, reduction="mean"):
    a, b = input1.astype(np.longdouble), input2.astype(np.longdouble)
    dtype = np.result_type(input1, input2)
    eps = np.longdouble(1e-12)
    with np.errstate(all="ignore"):
        dot = (a * b).sum(-1)
        cos = dot / np.sqrt(((a * a).sum(-1) + eps) * ((b * b).sum(-1) + eps))
        gap = cos - (0 if reduction == "sum" else np.longdouble(margin))
        v = np.where(target == 1, 1 - cos, np.where(gap > 0, gap, np.where(np.isnan(gap), gap, 0)))
        if reduction == "mean":
            v = v.sum() / np.longdouble(v.size)
        elif reduction == "sum":
            v = v.sum()
        return np.asarray(v).astype(dtype)
