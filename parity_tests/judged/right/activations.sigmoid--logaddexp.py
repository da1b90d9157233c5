"""activations.sigmoid: right.

Style: exp of minus log(1 + exp(-x)), in float64. Needs: numpy.
"""

import numpy as np


def candidate(x):
    z = x.astype(np.float64)
    return np.asarray(np.exp(-np.logaddexp(0, -z))).astype(x.dtype)


def candidate_backward(grad_output, x):
    z = x.astype(np.float64)
    slope = np.exp(-np.logaddexp(0, -z) - np.logaddexp(0, z))
    return (np.asarray(grad_output.astype(np.float64) * slope).astype(x.dtype),)
