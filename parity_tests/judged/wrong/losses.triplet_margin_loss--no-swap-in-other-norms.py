"""The distance of positive and negative, for swap=True, is always Euclidean above p = 2.

Kind: options. Passed before: yes.
"""

import numpy as np


def _distance(a, b, p, eps):
    d = np.abs(a - b + np.longdouble(eps))
    if p == np.inf:
        return d.max(-1)
    if p == 1:
        return d.sum(-1)
    top = d.max(-1, keepdims=True)
    top = np.where((top > 0) & np.isfinite(top), top, 1)
    return ((d / top) ** np.longdouble(p)).sum(-1) ** (1 / np.longdouble(p)) * top[..., 0]


def candidate(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    a, b, c = (v.astype(np.longdouble) for v in (anchor, positive, negative))
    with np.errstate(all="ignore"):
        near, far = _distance(a, b, p, eps), _distance(a, c, p, eps)
        if swap:
            far = np.minimum(far, _distance(b, c, min(p, 2.0), eps))
        y = np.longdouble(margin) + near - far
        y = np.where(y > 0, y, np.where(np.isnan(y), y, 0))
        if reduction == "mean":
            y = y.sum() / np.longdouble(y.size)
        elif reduction == "sum":
            y = y.sum()
        return np.asarray(y).astype(anchor.dtype)
