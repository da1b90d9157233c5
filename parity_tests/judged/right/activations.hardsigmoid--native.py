"""activations.hardsigmoid: right.

Style: clip and divide in the dtype of the input, float16 included. Needs: numpy.
Limits: convention.
"""

import numpy as np


def candidate(x):
    three, six, zero = (x.dtype.type(v) for v in (3, 6, 0))
    return np.asarray(np.minimum(np.maximum(x + three, zero), six) / six)


def candidate_backward(grad_output, x):
    inside = (x > -3) & (x < 3)
    return (np.asarray(np.where(inside, grad_output / x.dtype.type(6), np.zeros((), x.dtype))),)
