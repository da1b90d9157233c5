"""linalg.slogdet: right.

Style: np.linalg.slogdet in float64, the gradient by solving with a refinement. Needs: numpy.
Limits: convention, refuses, shared error.
"""

import numpy as np


def candidate(a):
    sign, logabs = np.linalg.slogdet(a.astype(np.float64))
    return np.asarray(sign).astype(a.dtype), np.asarray(logabs).astype(a.dtype)


def candidate_backward(grad_output, a):
    g = np.asarray(grad_output[1], np.float64)[..., None, None]
    transposed = np.swapaxes(a.astype(np.float64), -1, -2)
    unit = np.broadcast_to(np.eye(a.shape[-1]), a.shape)
    z = np.linalg.solve(transposed, unit)
    z = z + np.linalg.solve(transposed, unit - transposed @ z)
    return ((g * z).astype(a.dtype),)
