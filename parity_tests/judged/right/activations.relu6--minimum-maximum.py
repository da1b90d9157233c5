"""activations.relu6: right.

Style: maximum of minimum; a mask multiplied into the cotangent. Needs: numpy.
Limits: convention, scalar type.
"""

import numpy as np


def candidate(x):
    six = x.dtype.type(6)
    return np.maximum(np.minimum(x, six), x.dtype.type(0))


def candidate_backward(grad_output, x):
    return (grad_output * ~((x <= 0) | (x >= 6)),)
