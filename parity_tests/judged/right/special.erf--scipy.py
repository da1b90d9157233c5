"""special.erf: right.

Style: scipy.special.erf and the bell curve. Needs: scipy.
"""

import numpy as np
from scipy.special import erf


def candidate(x):
    return np.asarray(erf(x.astype(np.float64))).astype(x.dtype)


def candidate_backward(grad_output, x):
    z = x.astype(np.float64)
    return (np.asarray(grad_output * (2 / np.sqrt(np.pi) * np.exp(-z * z))).astype(x.dtype),)
