"""special.entr: right.

Style: scipy.special.entr, gradient -(log x + 1). Needs: scipy.
Limits: ill-conditioned here.
"""

import numpy as np
from scipy.special import entr


def candidate(x):
    return np.asarray(entr(x.astype(np.float64))).astype(x.dtype)


def candidate_backward(grad_output, x):
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = -np.log(x.astype(np.float64)) - 1
    return (np.asarray(grad_output * slope).astype(x.dtype),)
