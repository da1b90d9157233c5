"""sampling.gumbel_softmax: right.

Style: Gumbel noise by two logarithms, scipy's softmax. Needs: scipy.
Limits: extreme range, refuses.
"""

import numpy as np
from scipy.special import softmax


def candidate(logits, rng, tau=1.0, hard=False, axis=-1):
    u = 1 - rng.random(logits.shape)
    with np.errstate(divide="ignore"):
        noise = -np.log(-np.log(u))
    with np.errstate(invalid="ignore"):
        y = softmax((logits.astype(np.float64) + noise) / tau, axis=axis)
    if hard:
        best = np.expand_dims(np.argmax(y, axis=axis), axis)
        one = np.zeros_like(y)
        np.put_along_axis(one, best, 1.0, axis)
        y = np.where(np.isnan(y).any(axis=axis, keepdims=True), np.nan, one)
    return y.astype(logits.dtype)
