"""sampling.dropout: right.

Style: a uniform draw compared with p, divided by 1 - p, with gradient. Needs: numpy.
"""

import numpy as np


def candidate(x, rng, p=0.5, training=True):
    if not training:
        return x.copy()
    kept = rng.random(x.shape) >= p
    wide = x.astype(np.float64)
    return np.asarray(np.where(kept, wide / (1 - p if p < 1 else 1), wide * 0)).astype(x.dtype)


def candidate_backward(grad_output, x, rng, p=0.5, training=True):
    if not training:
        return grad_output.copy(), None
    kept = rng.random(x.shape) >= p
    g = grad_output.astype(np.float64)
    return np.asarray(np.where(kept, g / (1 - p if p < 1 else 1), g * 0)).astype(x.dtype), None
