"""distributions.normal_sample: right.

Style: the Box-Muller transform of two uniform draws. Needs: numpy.
"""

import numpy as np


def candidate(shape, rng, loc, scale):
    full = tuple(shape) + np.broadcast_shapes(loc.shape, scale.shape)
    radius = np.sqrt(-2 * np.log(1 - rng.random(full)))
    z = radius * np.cos(2 * np.pi * rng.random(full))
    return np.asarray(loc.astype(np.float64) + scale.astype(np.float64) * z).astype(loc.dtype)
