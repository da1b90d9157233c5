"""special.ndtr: right.

Style: half of scipy's erfc; the density as gradient. Needs: scipy.
Limits: shared error.
"""

import numpy as np
from scipy.special import erfc


def candidate(x):
    return np.asarray(0.5 * erfc(-x.astype(np.float64) / np.sqrt(2))).astype(x.dtype)


def candidate_backward(grad_output, x):
    z = x.astype(np.float64)
    return (np.asarray(grad_output * (np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))).astype(x.dtype),)
