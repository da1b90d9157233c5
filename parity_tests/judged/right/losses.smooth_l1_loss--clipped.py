"""losses.smooth_l1_loss: right.

Style: the quadratic of a clipped difference plus the linear rest, with gradient. Needs: numpy.
Limits: shared error.
"""

import numpy as np


def _narrow(g, like):
    g = g.sum(axis=tuple(range(g.ndim - like.ndim)))
    kept = tuple(i for i, n in enumerate(like.shape) if n == 1 and g.shape[i] != 1)
    return np.asarray(g.sum(axis=kept, keepdims=True)).astype(like.dtype)


def candidate(x, target, reduction="mean", beta=1.0):
    size = np.abs(x.astype(np.float64) - target.astype(np.float64))
    near = np.minimum(size, beta)
    loss = size if beta == 0 else np.where(size < beta, 0.5 * near * near / beta, size - 0.5 * beta)
    with np.errstate(invalid="ignore"):
        if reduction == "mean":
            loss = loss.sum() / np.float64(loss.size)
        elif reduction == "sum":
            loss = loss.sum()
    return np.asarray(loss).astype(x.dtype)


def candidate_backward(grad_output, x, target, reduction="mean", beta=1.0):
    d = x.astype(np.float64) - target.astype(np.float64)
    slope = np.sign(d) if beta == 0 else np.clip(d / beta, -1, 1)
    g = grad_output.astype(np.float64) * slope
    g = g / max(d.size, 1) if reduction == "mean" else g
    return _narrow(g, x), _narrow(-g, target)
