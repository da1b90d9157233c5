"""With p = 2 the sum over the batch is not divided by the number of classes; the mean and the elements are.

Kind: options. Passed before: yes.
"""

import numpy as np


def candidate(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    z = np.atleast_2d(x).astype(np.longdouble)
    t = np.atleast_1d(target)
    n, c = z.shape
    with np.errstate(all="ignore"):
        own = z[np.arange(n), t]
        gap = np.longdouble(margin) - own[:, None] + z
        gap = np.where(gap > 0, gap, np.where(np.isnan(gap), gap, 0))
        each = gap**p
        each[np.arange(n), t] = 0
        if weight is not None:
            each = each * weight.astype(np.longdouble)[t][:, None]
            each[np.arange(n), t] = 0
        y = each.sum(1) / c
        if reduction == "sum":
            y = y.sum() * (c if p == 2 else 1)
        elif reduction == "mean":
            y = y.sum() / np.longdouble(n)
        elif x.ndim == 1 and target.ndim == 0:
            y = y[0]
        return np.asarray(y).astype(x.dtype)
