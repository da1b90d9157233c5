"""sampling.categorical: right.

Style: the Gumbel trick: argmax of the logits plus -log(-log u). Needs: numpy.
"""

import numpy as np


def candidate(logits, rng, size=None):
    shape = () if size is None else size if isinstance(size, tuple) else (size,)
    u = 1 - rng.random(shape + logits.shape)
    with np.errstate(divide="ignore"):
        noise = -np.log(-np.log(u))
    return np.asarray(np.argmax(logits.astype(np.float64) + noise, axis=-1))
