"""special.expm1: right.

Style: 2 exp(x/2) sinh(x/2), in float64. Needs: numpy.
Limits: shared error.
"""

import numpy as np


def candidate(x):
    half = 0.5 * np.minimum(x.astype(np.float64), 800.0)
    with np.errstate(over="ignore"):
        y = 2 * np.exp(half) * np.sinh(half)
    return np.asarray(np.where(half < -20, np.expm1(2 * half), y)).astype(x.dtype)


def candidate_backward(grad_output, x):
    with np.errstate(over="ignore"):
        return (np.asarray(grad_output * np.exp(x.astype(np.float64))).astype(x.dtype),)
