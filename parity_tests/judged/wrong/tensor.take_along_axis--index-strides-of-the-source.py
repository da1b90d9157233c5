"""Indices that repeat along an axis (stride 0, as after an expansion) are read as if they were packed.

Kind: layout. Passed before: yes.
"""

import numpy as np


def candidate(x, indices, axis=-1):
    at = indices
    if indices.ndim > 1 and 0 in indices.strides and indices.size:
        at = np.resize(
            np.ascontiguousarray(indices[tuple(slice(0, 1) if s == 0 else slice(None) for s in indices.strides)]), indices.shape
        )
    elif indices.ndim and not indices.flags.c_contiguous and indices.size:
        at = indices.ravel(order="K").reshape(indices.shape)
    if axis is None:
        return x.reshape(-1)[at]
    return np.take_along_axis(x, at, axis)
