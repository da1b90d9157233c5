"""reductions.median: right.

Style: np.sort and the first equal entry. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def candidate(x, axis):
    z = np.moveaxis(x, axis, -1)
    n = z.shape[-1]
    y = np.sort(z, axis=-1)[..., (n - 1) // 2]
    has_nan = np.isnan(z).any(axis=-1)
    y = np.where(has_nan, np.array(np.nan, z.dtype), y)
    at = np.argmax(np.where(has_nan[..., None], np.isnan(z), z == y[..., None]), axis=-1)
    return np.asarray(y), np.asarray(at)


def candidate_backward(grad_output, x, axis):
    g = grad_output[0] if isinstance(grad_output, tuple) else grad_output
    at = candidate(x, axis)[1]
    dx = np.zeros(x.shape, x.dtype)
    np.put_along_axis(dx, np.expand_dims(at, axis), np.expand_dims(np.asarray(g), axis), axis)
    return (dx,)
