"""init.orthogonal: right.

Style: the polar factor of a Gaussian matrix, by the singular value decomposition. Needs: numpy.
"""

import math

import numpy as np


def candidate(shape, rng, gain=1.0, dtype=np.float64):
    a = rng.standard_normal((shape[0], math.prod(shape[1:])))
    if a.size == 0:
        return np.zeros(shape, dtype)
    u, _, vt = np.linalg.svd(a, full_matrices=False)
    return (gain * (u @ vt)).reshape(shape).astype(dtype)
