"""activations.tanh: right.

Style: expm1 of minus twice the magnitude; the gradient as 4 e / (1 + e)^2. Needs: numpy.
"""

import numpy as np


def candidate(x):
    z = x.astype(np.float64)
    t = np.expm1(-2 * np.abs(z))
    return np.asarray(np.copysign(-t / (2 + t), z)).astype(x.dtype)


def candidate_backward(grad_output, x):
    e = np.exp(-2 * np.abs(x.astype(np.float64)))
    return (np.asarray(grad_output.astype(np.float64) * 4 * e / (1 + e) ** 2).astype(x.dtype),)
