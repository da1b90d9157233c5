"""losses.poisson_nll_loss: right.

Style: the textbook formula in float64, gradient included. Needs: numpy.
Limits: convention, shared error.
"""

import numpy as np


def _narrow(g, like):
    g = g.sum(axis=tuple(range(g.ndim - like.ndim)))
    kept = tuple(i for i, n in enumerate(like.shape) if n == 1 and g.shape[i] != 1)
    return np.asarray(g.sum(axis=kept, keepdims=True)).astype(like.dtype)


def candidate(x, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    z, t = np.broadcast_arrays(x.astype(np.float64), target.astype(np.float64))
    with np.errstate(all="ignore"):
        loss = np.exp(z) - np.where(t == 0, 0.0, t * z) if log_input else z - t * np.log(z + eps)
        if full:
            stirling = t * np.log(t) - t + 0.5 * np.log(2 * np.pi * t)
            loss = loss + np.where(t > 1, stirling, 0.0)
        if reduction != "none":
            loss = loss.sum() / np.float64(loss.size) if reduction == "mean" else loss.sum()
    return np.asarray(loss).astype(x.dtype)


def candidate_backward(grad_output, x, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    z, t = np.broadcast_arrays(x.astype(np.float64), target.astype(np.float64))
    g = grad_output.astype(np.float64) / (max(z.size, 1) if reduction == "mean" else 1)
    with np.errstate(all="ignore"):
        dx = np.exp(z) - t if log_input else 1 - t / (z + eps)
        dt = -z if log_input else -np.log(z + eps)
        if full:
            dt = dt + np.where(t > 1, np.log(t) + 0.5 / t, 0.0)
    return _narrow(g * dx, x), _narrow(g * dt, target)
