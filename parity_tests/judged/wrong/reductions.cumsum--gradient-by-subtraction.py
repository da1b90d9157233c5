"""The gradient is the total minus the running sum, so that a large entry cancels the small ones behind it.

Kind: cotangents. Passed before: yes.
"""

import numpy as np


def candidate(x, axis):
    with np.errstate(all="ignore"):
        return np.cumsum(x.astype(np.longdouble), axis=axis).astype(x.dtype).reshape(x.shape)


def candidate_backward(grad_output, x, axis):
    dy = grad_output
    if x.dtype.itemsize == 2:
        dy = dy.astype(np.float32)
    if x.ndim == 0:
        return (grad_output.astype(x.dtype),)
    with np.errstate(all="ignore"):
        running = np.cumsum(dy, axis=axis)
        return ((np.sum(dy, axis=axis, keepdims=True) - running + dy).astype(x.dtype),)
