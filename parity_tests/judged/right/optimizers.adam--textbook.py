"""optimizers.adam: right.

Style: the textbook step in float64, a dictionary as state, bias corrections by expm1. Needs: numpy.
Limits: extreme range, shared error.
"""

import math

import numpy as np


def _correction(beta, t):
    return 1.0 if beta == 0 else -math.expm1(t * math.log(beta))


def candidate(
    param, grad, state=None, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False
):
    zero = np.zeros(param.shape)
    s = {"t": 0, "p": param.astype(np.float64), "m": zero, "v": zero, "top": zero} if state is None else dict(state)
    g = grad.astype(np.float64) * (-1 if maximize else 1)
    if weight_decay != 0:
        g = g + weight_decay * s["p"]
    s["t"] += 1
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        s["m"] = betas[0] * s["m"] + (1 - betas[0]) * g
        s["v"] = betas[1] * s["v"] + (1 - betas[1]) * g * g
        s["top"] = np.maximum(s["top"], s["v"])
        v = s["top"] if amsgrad else s["v"]
        size = np.sqrt(v / _correction(betas[1], s["t"])) + eps
        s["p"] = s["p"] - lr * (s["m"] / _correction(betas[0], s["t"])) / size
    return np.asarray(s["p"]).astype(param.dtype), s
