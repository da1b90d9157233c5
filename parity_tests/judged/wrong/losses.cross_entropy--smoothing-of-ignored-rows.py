"""Ignored rows are dropped from the term of the label, and still add to the smoothed part of a sum.

Kind: domain. Passed before: no.
"""

import numpy as np


def candidate(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    axis = 1 if x.ndim > 1 else 0
    n = x.shape[axis]
    z = np.moveaxis(x, axis, -1).astype(np.longdouble)
    w = np.ones(n, np.longdouble) if weight is None else weight.astype(np.longdouble)
    kept = target != ignore_index
    t = np.where(kept, target, 0)
    s = np.longdouble(label_smoothing)
    with np.errstate(all="ignore"):
        top = z.max(-1, keepdims=True)
        first = z.argmax(-1)[..., None]
        e = np.exp(z - top)
        np.put_along_axis(e, first, np.where(np.isnan(top), np.nan, 0), -1)
        logp = (z - top) - np.log1p(e.sum(-1, keepdims=True))
        picked = np.take_along_axis(logp, t[..., None], -1)[..., 0]
        each = np.where(kept, w[t], 0)
        plain = np.where(kept, -each * picked, 0)
        smooth = -np.where(w == 0, 0, w * logp).sum(-1) / n
        smooth = smooth if reduction == "sum" else np.where(kept, smooth, 0)
        v = plain if s == 0 else (1 - s) * plain + s * smooth if s < 1 else smooth
        if reduction == "mean":
            v = v.sum() / each.sum()
        elif reduction == "sum":
            v = v.sum()
        return np.asarray(v).astype(x.dtype)
