"""sampling.dropout: right.

Style: a mask of Bernoulli draws. Needs: numpy.
"""

import numpy as np


def candidate(x, rng, p=0.5, training=True):
    if not training:
        return x.copy()
    kept = rng.binomial(1, 1 - p, size=x.shape)
    scale = 1 / (1 - p) if p < 1 else 0.0
    return np.asarray(x.astype(np.float64) * kept * scale).astype(x.dtype)
