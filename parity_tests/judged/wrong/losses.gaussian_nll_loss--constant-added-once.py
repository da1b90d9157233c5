"""With full=True the constant is added after the reduction: once, where a sum has it for every element.

Kind: options. Passed before: yes.
"""

import numpy as np


def candidate(x, target, var, full=False, eps=1e-6, reduction="mean"):
    a, t, v = x.astype(np.longdouble), target.astype(np.longdouble), var.astype(np.longdouble)
    if v.ndim == a.ndim - 1 and v.ndim and v.shape == a.shape[:-1]:
        v = v[..., None]
    with np.errstate(all="ignore"):
        v = np.where(v < np.longdouble(np.asarray(eps, x.dtype).astype(np.float64)), np.longdouble(eps), v)
        each = (np.log(v) + (a - t) ** 2 / v) / 2
        each = np.broadcast_to(each, np.broadcast_shapes(a.shape, t.shape, v.shape))
        if reduction == "mean":
            y = each.sum() / np.longdouble(each.size)
        else:
            y = each.sum() if reduction == "sum" else each
        y = y + (np.log(2 * np.longdouble("3.14159265358979323846264338327950288")) / 2 if full else 0)
        return np.asarray(y).astype(x.dtype)
