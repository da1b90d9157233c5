"""activations.softmax: right.

Style: plain Python loops with math.exp and math.fsum. Needs: numpy.
Limits: refuses.
"""

import math

import numpy as np


def candidate(x, axis=-1):
    z = np.moveaxis(x, axis, -1)
    out = np.empty(z.shape)
    for row in np.ndindex(z.shape[:-1]):
        v = [float(a) for a in z[row]]
        top = math.nan if any(a != a for a in v) else max(v)
        e = [math.exp(a - top) if abs(a - top) < math.inf or a != a else (0.0 if a < top else math.nan) for a in v]
        total = math.fsum(e) if all(b == b for b in e) else math.nan
        out[row] = [b / total for b in e]
    return np.moveaxis(out, -1, axis).astype(x.dtype)
