"""Weights are read with the strides of the input: right only where both lie in memory in the same way.

Kind: layout. Passed before: yes.
"""

import numpy as np


def candidate(x, target, weight=None, reduction="mean", delta=1.0):
    a, t = x.astype(np.longdouble), target.astype(np.longdouble)
    with np.errstate(all="ignore"):
        d = np.abs(a - t)
        delta = np.longdouble(delta)
        v = np.where(d <= delta, d * d / 2, delta * (d - delta / 2))
        w = np.ones(v.shape, np.longdouble)
        if weight is not None:
            same = x.shape != weight.shape or x.strides == weight.strides
            w = np.broadcast_to(
                (weight if same else weight.ravel(order="F").reshape(weight.shape)).astype(np.longdouble), v.shape
            )
        v = v * w
        if reduction == "mean":
            v = v.sum() / np.longdouble(v.size)
        elif reduction == "sum":
            v = v.sum()
        return np.asarray(v).astype(x.dtype)
