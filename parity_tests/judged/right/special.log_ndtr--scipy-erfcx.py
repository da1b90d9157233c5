"""special.log_ndtr: right.

Style: scipy.special.log_ndtr; the gradient from erfcx. Needs: scipy.
Limits: extreme range, flushes subnormals, shared error.
"""

import numpy as np
from scipy.special import erfcx, log_ndtr


def candidate(x):
    return np.asarray(log_ndtr(x.astype(np.float64))).astype(x.dtype)


def candidate_backward(grad_output, x):
    with np.errstate(over="ignore"):
        slope = np.sqrt(2 / np.pi) / erfcx(-x.astype(np.float64) / np.sqrt(2))
    return (np.asarray(grad_output * slope).astype(x.dtype),)
