"""losses.hinge_embedding_loss: right.

Style: np.where on the label, gradient included. Needs: numpy.
Limits: convention, shared error.
"""

import numpy as np


def candidate(x, target, margin=1.0, reduction="mean"):
    z, t = np.broadcast_arrays(x.astype(np.float64), target.astype(np.float64))
    loss = np.where(t == 1, z, np.maximum(margin - z, 0))
    with np.errstate(invalid="ignore"):
        if reduction != "none":
            loss = loss.sum() / np.float64(loss.size) if reduction == "mean" else loss.sum()
    return np.asarray(loss).astype(x.dtype)


def candidate_backward(grad_output, x, target, margin=1.0, reduction="mean"):
    z, t = np.broadcast_arrays(x.astype(np.float64), target.astype(np.float64))
    g = grad_output.astype(np.float64) / (max(z.size, 1) if reduction == "mean" else 1)
    g = g * np.where(t == 1, 1.0, np.where(z < margin, -1.0, 0.0))
    g = g.sum(axis=tuple(range(g.ndim - x.ndim)))
    kept = tuple(i for i, n in enumerate(x.shape) if n == 1 and g.shape[i] != 1)
    return np.asarray(g.sum(axis=kept, keepdims=True)).astype(x.dtype), None
