"""activations.softsign: right.

Style: numpy in float32 for narrow floats, the gradient as a square. Needs: numpy.
"""

import numpy as np


def _wide(x):
    return x if x.dtype.itemsize > 2 else x.astype(np.float32)


def candidate(x):
    z = _wide(x)
    with np.errstate(invalid="ignore"):
        y = z / (1 + np.abs(z))
    return np.asarray(np.where(np.isinf(z), np.sign(z), y)).astype(x.dtype)


def candidate_backward(grad_output, x):
    s = 1 / (1 + np.abs(_wide(x)))
    return (np.asarray(_wide(grad_output) * s * s).astype(x.dtype),)
