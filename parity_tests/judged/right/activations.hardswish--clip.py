"""activations.hardswish: right.

Style: clip in float64; the gradient by the product rule. Needs: numpy.
Limits: ill-conditioned here, signed zero.
"""

import numpy as np


def candidate(x):
    z = x.astype(np.float64)
    gate = np.clip(z + 3, 0, 6) / 6
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(gate == 0, 0.0, z * gate)).astype(x.dtype)


def candidate_backward(grad_output, x):
    z = x.astype(np.float64)
    inside = (z > -3) & (z < 3)
    slope = np.clip(z + 3, 0, 6) / 6 + np.where(inside, z, 0.0) / 6
    return (np.asarray(grad_output.astype(np.float64) * slope).astype(x.dtype),)
