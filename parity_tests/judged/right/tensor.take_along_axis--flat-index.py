"""tensor.take_along_axis: right.

Style: flat-index. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def _flat(x, indices, axis):
    axis = axis % x.ndim
    shape = list(
        np.broadcast_shapes(
            tuple(1 if i == axis else n for i, n in enumerate(x.shape)),
            tuple(1 if i == axis else n for i, n in enumerate(indices.shape)),
        )
    )
    shape[axis] = indices.shape[axis]
    at = list(np.indices(shape))
    at[axis] = np.broadcast_to(indices, shape)
    return np.ravel_multi_index(at, x.shape)


def candidate(x, indices, axis):
    return np.ascontiguousarray(x).ravel()[_flat(x, indices, axis)]


def candidate_backward(grad_output, x, indices, axis):
    g = np.bincount(_flat(x, indices, axis).ravel(), weights=grad_output.astype(np.float64).ravel(), minlength=x.size)
    return g.reshape(x.shape).astype(x.dtype), None
