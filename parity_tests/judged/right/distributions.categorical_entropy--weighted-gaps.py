"""distributions.categorical_entropy: right.

Style: log1p of the rest plus the mean gap to the largest logit. Needs: numpy.
"""

import numpy as np


def candidate(logits):
    z = logits.astype(np.float64)
    at = np.argmax(z, axis=-1)[..., None]
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.take_along_axis(z, at, -1) - z
        e = np.exp(-gap)
        mean_gap = np.where(e == 0, 0.0, e * gap).sum(axis=-1) / e.sum(axis=-1)
        np.put_along_axis(e, at, 0.0, -1)
        y = np.log1p(e.sum(axis=-1)) + mean_gap
    return np.asarray(y).astype(logits.dtype)
