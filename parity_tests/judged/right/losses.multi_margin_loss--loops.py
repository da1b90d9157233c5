"""losses.multi_margin_loss: right.

Style: Python loops over samples and classes. Needs: numpy.
Limits: convention, shared error.
"""

import math

import numpy as np


def candidate(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    rows = (x[None] if x.ndim == 1 else x).astype(np.float64).tolist()
    labels = np.asarray(target).reshape(-1).tolist()
    losses = []
    for row, label in zip(rows, labels, strict=True):
        w = 1.0 if weight is None else float(weight[label])
        terms = [w * max(0.0, v - row[label] + margin) ** p for c, v in enumerate(row) if c != label]
        if any(v != v for v in row):
            terms = [math.nan]
        losses.append(sum(terms) / len(row))
    out = np.array(losses, np.float64)
    with np.errstate(invalid="ignore"):
        if reduction != "none":
            out = out.sum() / np.float64(out.size) if reduction == "mean" else out.sum()
        else:
            out = out.reshape(np.shape(target))
    return np.asarray(out).astype(x.dtype)
