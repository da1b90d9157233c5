"""tensor.roll: right.

Style: np.take with indices modulo the length. Needs: numpy.
"""

import numpy as np


def candidate(x, shift, axis=None):
    if axis is None:
        total = sum(shift) if isinstance(shift, tuple) else shift
        return np.take(x.reshape(-1), (np.arange(x.size) - total) % max(x.size, 1)).reshape(x.shape)
    y = x
    shifts, axes = (shift, axis) if isinstance(axis, tuple) else ((shift,), (axis,))
    for s, a in zip(shifts, axes, strict=True):
        y = np.take(y, (np.arange(x.shape[a]) - s) % max(x.shape[a], 1), axis=a)
    return y


def candidate_backward(grad_output, x, shift, axis=None):
    back = tuple(-s for s in shift) if isinstance(shift, tuple) else -shift
    return (candidate(grad_output, back, axis),)
