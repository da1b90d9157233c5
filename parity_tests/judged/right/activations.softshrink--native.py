"""activations.softshrink: right.

Style: sign and maximum in the dtype of the input, float16 included. Needs: numpy.
Limits: convention.
"""

import numpy as np


def candidate(x, lambd=0.5):
    size = np.abs(x.astype(np.float64)) - lambd
    return np.asarray(np.copysign(np.maximum(size, 0), x)).astype(x.dtype)


def candidate_backward(grad_output, x, lambd=0.5):
    return (np.where(np.abs(x.astype(np.float64)) <= lambd, np.zeros((), x.dtype), grad_output),)
