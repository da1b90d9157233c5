"""losses.soft_margin_loss: right.

Style: np.logaddexp and scipy.special.expit. Needs: scipy.
Limits: flushes subnormals, scalar type, shared error.
"""

import numpy as np
from scipy.special import expit


def candidate(x, target, reduction="mean"):
    loss = np.logaddexp(0, -target.astype(np.float64) * x.astype(np.float64))
    with np.errstate(invalid="ignore"):
        if reduction != "none":
            loss = loss.sum() / np.float64(loss.size) if reduction == "mean" else loss.sum()
    return np.asarray(loss).astype(x.dtype)


def candidate_backward(grad_output, x, target, reduction="mean"):
    z, t = np.broadcast_arrays(x.astype(np.float64), target.astype(np.float64))
    g = -t * expit(-t * z) * grad_output.astype(np.float64)
    g = g / max(z.size, 1) if reduction == "mean" else g
    g = g.sum(axis=tuple(range(g.ndim - x.ndim)))
    kept = tuple(i for i, n in enumerate(x.shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=kept, keepdims=True).astype(x.dtype), None
