"""tensor.scatter_add: right.

Style: np.add.at in float64, gradient by take_along_axis. Needs: numpy.
"""

import numpy as np


def _places(index, axis):
    at = list(np.indices(index.shape))
    at[axis] = index
    return tuple(at)


def candidate(x, axis, index, src):
    y = x.astype(np.float64)
    np.add.at(y, _places(index, axis), src[tuple(slice(n) for n in index.shape)].astype(np.float64))
    return y.astype(x.dtype)


def candidate_backward(grad_output, x, axis, index, src):
    dsrc = np.zeros(src.shape, src.dtype)
    dsrc[tuple(slice(n) for n in index.shape)] = grad_output[_places(index, axis)]
    return grad_output.copy(), None, dsrc
