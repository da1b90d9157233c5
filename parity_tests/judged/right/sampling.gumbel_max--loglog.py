"""sampling.gumbel_max: right.

Style: -log(-log u) for uniform u in (0, 1). Needs: numpy.
Limits: extreme range.
"""

import numpy as np


def candidate(logits, rng, axis=-1):
    u = 1 - rng.random(logits.shape)
    with np.errstate(divide="ignore"):
        noise = -np.log(-np.log(u))
    return np.argmax(logits.astype(np.float64) + noise, axis=axis)
