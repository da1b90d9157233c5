"""losses.multilabel_margin_loss: right.

Style: Python loops over labels and classes. Needs: numpy.
Limits: shared error.
"""

import numpy as np


def _one(row, labels):
    right = []
    for label in labels:
        if label < 0:
            break
        right.append(label)
    wrong = [i for i in range(len(row)) if i not in right]
    return sum(np.maximum(0.0, 1 - (row[j] - row[i])) for j in right for i in wrong) / np.float64(len(row))


def candidate(x, target, reduction="mean"):
    rows = (x[None] if x.ndim == 1 else x).astype(np.float64)
    labels = np.asarray(target).reshape(rows.shape).tolist()
    with np.errstate(invalid="ignore"):
        out = np.array([_one(row, one) for row, one in zip(rows, labels, strict=True)], np.float64)
        if reduction != "none":
            out = out.sum() / np.float64(out.size) if reduction == "mean" else out.sum()
        elif x.ndim == 1:
            out = out[0]
    return np.asarray(out).astype(x.dtype)
