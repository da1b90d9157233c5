"""losses.nll_loss: right.

Style: fancy indexing with the labels. Needs: numpy.
Limits: shared error.
"""

import numpy as np


def _rows(x):
    z = x[None] if x.ndim == 1 else x
    return np.moveaxis(z, 1, -1)


def candidate(x, target, weight=None, ignore_index=-100, reduction="mean"):
    z = _rows(x).astype(np.float64)
    t = np.asarray(target).reshape(z.shape[:-1])
    kept = t != ignore_index
    label = np.where(kept, t, 0)
    w = np.ones(z.shape[-1]) if weight is None else weight.astype(np.float64)
    w = np.where(kept, w[label], 0.0)
    picked = np.take_along_axis(z, label[..., None], -1)[..., 0]
    loss = np.where(kept, -w * picked, 0.0)
    with np.errstate(invalid="ignore"):
        if reduction == "mean":
            loss = loss.sum() / w.sum()
        elif reduction == "sum":
            loss = loss.sum()
        else:
            loss = loss.reshape(np.shape(target))
    return np.asarray(loss).astype(x.dtype)
