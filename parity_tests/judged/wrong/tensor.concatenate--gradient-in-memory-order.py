"""The gradients are cut out of the memory behind the incoming one, in the order in which it lies there.

Kind: cotangents. Passed before: yes.
"""

import numpy as np


def candidate(arrays, axis=0):
    return np.concatenate(arrays, axis=axis)


def candidate_backward(grad_output, arrays, axis=0):
    packed = grad_output.ravel(order="K").reshape(grad_output.shape)
    if axis is None:
        ends = np.cumsum([a.size for a in arrays])[:-1]
        return tuple(p.reshape(a.shape).copy() for p, a in zip(np.split(packed, ends), arrays))
    ends = np.cumsum([a.shape[axis] for a in arrays])[:-1]
    return tuple(p.copy() for p in np.split(packed, ends, axis=axis))
