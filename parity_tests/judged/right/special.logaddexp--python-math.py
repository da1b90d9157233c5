"""special.logaddexp: right.

Style: one pair at a time with math.log1p and math.exp. Needs: numpy.
"""

import math

import numpy as np


def _one(a, b):
    if a != a or b != b:
        return math.nan
    top, low = max(a, b), min(a, b)
    if math.isinf(top) or math.isinf(low):
        return top
    return top + math.log1p(math.exp(low - top))


def candidate(x, other):
    a, b = np.broadcast_arrays(x, other)
    out = np.empty(a.shape)
    for at in np.ndindex(a.shape):
        out[at] = _one(float(a[at]), float(b[at]))
    return out.astype(x.dtype)
