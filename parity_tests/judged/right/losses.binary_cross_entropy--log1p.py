"""losses.binary_cross_entropy: right.

Style: log and log1p clamped at -100, textbook gradient. Needs: numpy.
Limits: convention, scalar type, shared error.
"""

import numpy as np


def _reduced(loss, reduction, dtype):
    with np.errstate(invalid="ignore"):
        loss = loss.sum() / np.float64(loss.size) if reduction == "mean" else loss.sum() if reduction == "sum" else loss
    return np.asarray(loss).astype(dtype)


def candidate(x, target, weight=None, reduction="mean"):
    p, t = x.astype(np.float64), target.astype(np.float64)
    with np.errstate(divide="ignore"):
        yes, no = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
    loss = -(t * yes + (1 - t) * no)
    return _reduced(loss if weight is None else loss * weight.astype(np.float64), reduction, x.dtype)


def candidate_backward(grad_output, x, target, weight=None, reduction="mean"):
    p, t = x.astype(np.float64), target.astype(np.float64)
    g = grad_output.astype(np.float64) / (max(p.size, 1) if reduction == "mean" else 1)
    g = np.broadcast_to(g, p.shape)
    w = np.ones(()) if weight is None else weight.astype(np.float64)
    with np.errstate(all="ignore"):
        yes, no = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
        dp = g * w * (p - t) / np.maximum(p * (1 - p), 1e-12)
    dt = g * w * (no - yes)
    if weight is None:
        return dp.astype(x.dtype), dt.astype(x.dtype)
    dw = -g * (t * yes + (1 - t) * no)
    dw = dw.sum(axis=tuple(range(dw.ndim - weight.ndim)))
    kept = tuple(i for i, n in enumerate(weight.shape) if n == 1 and dw.shape[i] != 1)
    return dp.astype(x.dtype), dt.astype(x.dtype), dw.sum(axis=kept, keepdims=True).astype(x.dtype)
