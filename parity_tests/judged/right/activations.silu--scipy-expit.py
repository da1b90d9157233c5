"""activations.silu: right.

Style: x * expit(x) in float64. Needs: scipy.
Limits: convention, ill-conditioned here, shared error.
"""

import numpy as np
from scipy.special import expit


def candidate(x):
    z = x.astype(np.float64)
    return np.asarray(z * expit(z)).astype(x.dtype)


def candidate_backward(grad_output, x):
    z = x.astype(np.float64)
    s = expit(z)
    return (np.asarray(grad_output * (s + z * s * expit(-z))).astype(x.dtype),)
