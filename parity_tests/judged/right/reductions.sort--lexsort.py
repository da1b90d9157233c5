"""reductions.sort: right.

Style: np.lexsort with the position as the last key. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def candidate(x, axis=-1, descending=False, stable=True):
    z = np.moveaxis(x, axis, -1)
    wide = z.astype(np.float64)
    missing = np.isnan(wide)
    number = np.where(missing, 0.0, wide)
    place = np.broadcast_to(np.arange(z.shape[-1]), z.shape)
    keys = (place, -number, ~missing) if descending else (place, number, missing)
    at = np.lexsort(keys, axis=-1)
    return np.moveaxis(np.take_along_axis(z, at, -1), -1, axis), np.moveaxis(at, -1, axis)


def candidate_backward(grad_output, x, axis=-1, descending=False, stable=True):
    g = grad_output[0] if isinstance(grad_output, tuple) else grad_output
    dx = np.empty(x.shape, x.dtype)
    np.put_along_axis(dx, candidate(x, axis, descending)[1], g, axis)
    return (dx,)
