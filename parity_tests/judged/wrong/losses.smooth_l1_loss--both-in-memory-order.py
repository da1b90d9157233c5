"""Both arrays are read in the order of their memory, which is the same element only if both are laid out alike.

Kind: layout. Passed before: yes.
"""

import numpy as np


def candidate(x, target, reduction="mean", beta=1.0):
    if x.shape == target.shape and x.ndim > 1 and 0 not in x.strides + target.strides:
        shape = x.shape
        order = sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))
        other = sorted(range(x.ndim), key=lambda i: -abs(target.strides[i]))
        a = x.transpose(order).astype(np.longdouble)
        t = target.transpose(other).astype(np.longdouble).reshape(a.shape)
        back = np.argsort(order)
        a, t = a.transpose(back).reshape(shape), t.transpose(back).reshape(shape)
    else:
        a, t = x.astype(np.longdouble), target.astype(np.longdouble)
    with np.errstate(all="ignore"):
        d = np.abs(a - t)
        v = d if beta == 0 else np.where(d < beta, d * d / (2 * np.longdouble(beta)), d - np.longdouble(beta) / 2)
        if reduction == "mean":
            v = v.sum() / np.longdouble(v.size)
        elif reduction == "sum":
            v = v.sum()
        return np.asarray(v).astype(np.result_type(x, target))
