"""reductions.cumsum: right.

Style: itertools.accumulate on Python floats. Needs: numpy.
Limits: refuses, shared error.
"""

from itertools import accumulate

import numpy as np


def candidate(x, axis):
    z = np.moveaxis(x, axis, -1)
    out = np.empty(z.shape)
    for at in np.ndindex(z.shape[:-1]):
        out[at] = list(accumulate(z[at].astype(np.float64).tolist()))
    return np.moveaxis(out, -1, axis).astype(x.dtype)


def candidate_backward(grad_output, x, axis):
    g = np.flip(grad_output.astype(np.float64), axis)
    return (np.flip(np.cumsum(g, axis=axis), axis).astype(x.dtype),)
