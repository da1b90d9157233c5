"""special.rsqrt: right.

Style: one over np.sqrt in float64; the gradient as a cube. Needs: numpy.
Limits: signed zero.
"""

import numpy as np


def candidate(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 / np.sqrt(x.astype(np.float64))).astype(x.dtype)


def candidate_backward(grad_output, x):
    with np.errstate(all="ignore"):
        r = 1 / np.sqrt(x.astype(np.float64))
        return (np.asarray(grad_output * -0.5 * r * r * r).astype(x.dtype),)
