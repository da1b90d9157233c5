"""optimizers.adamw: right.

Style: the textbook step in float64, a tuple as state. Needs: numpy.
Limits: extreme range, shared error.
"""

import math

import numpy as np


def _correction(beta, t):
    return 1.0 if beta == 0 else -math.expm1(t * math.log(beta))


def candidate(
    param, grad, state=None, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, amsgrad=False, maximize=False
):
    zero = np.zeros(param.shape)
    t, p, m, v, top = (0, param.astype(np.float64), zero, zero, zero) if state is None else state
    g = -grad.astype(np.float64) if maximize else grad.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        p = p * (1 - lr * weight_decay)
        t, m, v = t + 1, betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
        top = np.maximum(top, v)
        size = np.sqrt((top if amsgrad else v) / _correction(betas[1], t)) + eps
        p = p - lr * (m / _correction(betas[0], t)) / size
    return np.asarray(p).astype(param.dtype), (t, p, m, v, top)
