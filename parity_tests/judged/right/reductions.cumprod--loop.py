"""reductions.cumprod: right.

Style: np.multiply.accumulate; the gradient by replacing each entry by 1. Needs: numpy.
Limits: convention, refuses, shared error.
"""

import numpy as np


def candidate(x, axis):
    return np.multiply.accumulate(x.astype(np.float64), axis=axis).astype(x.dtype)


def candidate_backward(grad_output, x, axis):
    z = np.moveaxis(x, axis, 0).astype(np.float64)
    g = np.moveaxis(grad_output, axis, 0).astype(np.float64)
    dx = np.empty_like(z)
    for k in range(len(z)):
        others = z.copy()
        others[k] = 1
        dx[k] = (g * np.multiply.accumulate(others, axis=0))[k:].sum(axis=0)
    return (np.moveaxis(dx, 0, axis).astype(x.dtype),)
