"""losses.multilabel_soft_margin_loss: right.

Style: scipy.special.log_expit in float64. Needs: scipy.
Limits: shared error.
"""

import numpy as np
from scipy.special import log_expit


def candidate(x, target, weight=None, reduction="mean"):
    z, t = x.astype(np.float64), target.astype(np.float64)
    with np.errstate(invalid="ignore"):
        loss = np.where(t == 0, 0.0, t * log_expit(z)) + np.where(t == 1, 0.0, (1 - t) * log_expit(-z))
        loss = -(loss if weight is None else loss * weight.astype(np.float64)).mean(axis=-1)
        if reduction != "none":
            loss = loss.sum() / np.float64(loss.size) if reduction == "mean" else loss.sum()
    return np.asarray(loss).astype(x.dtype)
