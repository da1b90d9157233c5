"""activations.softmax: right.

Style: scipy.special.softmax in float64, textbook gradient. Needs: scipy.
Limits: refuses, scalar type, shared error.
"""

import numpy as np
from scipy.special import softmax


def candidate(x, axis=-1):
    return softmax(x.astype(np.float64), axis=axis).astype(x.dtype)


def candidate_backward(grad_output, x, axis=-1):
    p, g = softmax(x.astype(np.float64), axis=axis), grad_output.astype(np.float64)
    return ((p * (g - np.sum(g * p, axis=axis, keepdims=True))).astype(x.dtype),)
