"""tensor.stack: right.

Style: an empty array filled slice by slice. Needs: numpy.
Limits: scalar type.
"""

import numpy as np


def candidate(arrays, axis=0):
    first = arrays[0]
    out = np.empty((len(arrays), *first.shape), first.dtype)
    for k, a in enumerate(arrays):
        out[k] = a
    return np.ascontiguousarray(np.moveaxis(out, 0, axis)).reshape(np.moveaxis(out, 0, axis).shape)


def candidate_backward(grad_output, arrays, axis=0):
    return tuple(np.take(grad_output, k, axis=axis) for k in range(len(arrays)))
