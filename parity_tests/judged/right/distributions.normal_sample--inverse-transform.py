"""distributions.normal_sample: right.

Style: the quantile function of a uniform draw. Needs: scipy.
"""

import numpy as np
from scipy.special import ndtri


def candidate(shape, rng, loc, scale):
    full = tuple(shape) + np.broadcast_shapes(loc.shape, scale.shape)
    z = ndtri(np.maximum(rng.random(full), 2.0**-60))
    return np.asarray(loc.astype(np.float64) + scale.astype(np.float64) * z).astype(loc.dtype)
