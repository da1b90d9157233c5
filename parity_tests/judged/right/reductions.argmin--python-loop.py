"""reductions.argmin: right.

Style: Python loops over every slice. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def _first(values):
    best = 0
    for i, v in enumerate(values):
        if v != v:
            return i
        if v < values[best]:
            best = i
    return best


def candidate(x, axis=None, keepdims=False):
    if axis is None:
        found = np.asarray(_first(x.ravel().tolist()), np.int64)
        return found.reshape((1,) * x.ndim) if keepdims else found
    z = np.moveaxis(x, axis, -1)
    if z.shape[-1] == 0:
        raise ValueError("there is nothing to choose from")
    out = np.empty(z.shape[:-1], np.int64)
    for at in np.ndindex(out.shape):
        out[at] = _first(z[at].tolist())
    return np.expand_dims(out, axis) if keepdims else out
