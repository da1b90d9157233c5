"""activations.glu: right.

Style: np.split and scipy.special.expit in float64. Needs: scipy.
Limits: extreme range, shared error.
"""

import numpy as np
from scipy.special import expit


def candidate(x, axis=-1):
    a, b = np.split(x.astype(np.float64), 2, axis=axis)
    return (a * expit(b)).astype(x.dtype)


def candidate_backward(grad_output, x, axis=-1):
    a, b = np.split(x.astype(np.float64), 2, axis=axis)
    g = grad_output.astype(np.float64)
    return (np.concatenate([g * expit(b), g * a * expit(b) * expit(-b)], axis=axis).astype(x.dtype),)
