"""sampling.gumbel_max: right.

Style: softmax probabilities and the inverse of their cumulative sum. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def candidate(logits, rng, axis=-1):
    z = np.moveaxis(logits, axis, -1).astype(np.float64)
    if not np.isfinite(z.max(axis=-1)).all():
        raise ValueError("a row is no distribution")
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    cumulative = np.cumsum(p, axis=-1)
    u = (1 - rng.random(z.shape[:-1])) * cumulative[..., -1]
    return (cumulative < u[..., None]).sum(axis=-1)
