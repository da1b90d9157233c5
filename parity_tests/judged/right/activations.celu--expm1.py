"""activations.celu: right.

Style: maximum plus expm1 of the minimum, in float64. Needs: numpy.
Limits: signed zero.
"""

import numpy as np


def candidate(x, alpha=1.0):
    z = x.astype(np.float64)
    return np.asarray(np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0) / alpha)).astype(x.dtype)


def candidate_backward(grad_output, x, alpha=1.0):
    z = x.astype(np.float64)
    slope = np.where(z > 0, 1.0, np.exp(np.minimum(z, 0) / alpha))
    return (np.asarray(grad_output * slope).astype(x.dtype),)
