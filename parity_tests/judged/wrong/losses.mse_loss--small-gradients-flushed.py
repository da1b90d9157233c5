"""Incoming gradients below 1e-30 are flushed to zero, as on hardware without subnormal numbers and a margin on top.

Kind: cotangents. Passed before: yes.
"""

import numpy as np


def _mean(v, weight, reduction, shape):
    if reduction == "none":
        return v
    total = v.sum()
    if reduction == "sum":
        return total
    n = np.longdouble(np.prod(shape, dtype=int)) if weight is None else np.broadcast_to(weight, shape).sum()
    return total / n


def _wide(*arrays):
    return [None if a is None else a.astype(np.longdouble) for a in arrays]


def candidate(x, target, weight=None, reduction="mean"):
    a, t, w = _wide(x, target, weight)
    with np.errstate(all="ignore"):
        v = (a - t) ** 2 if w is None else w * (a - t) ** 2
        return np.asarray(_mean(v, w, reduction, v.shape)).astype(x.dtype)


def candidate_backward(grad_output, x, target, weight=None, reduction="mean"):
    a, t, w, dy = _wide(x, target, weight, grad_output)
    with np.errstate(all="ignore"):
        dy = np.where(np.abs(dy) < 1e-30, 0 * dy, dy)
        d = a - t
        one = np.ones(d.shape, np.longdouble) if w is None else w
        n = one.sum() if reduction == "mean" else 1
        dx = dy / n * 2 * d * one
        if w is None:
            return dx.astype(x.dtype), (-dx).astype(x.dtype)
        dw = dy / n * d * d
        if reduction == "mean":
            dw = dw - dy / n * (w * d * d).sum() / n
        return dx.astype(x.dtype), (-dx).astype(x.dtype), dw.astype(x.dtype)
