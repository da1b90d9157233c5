"""reductions.corrcoef: right.

Style: centred rows divided by their lengths before the product. Needs: numpy.
Limits: extreme range, shared error.
"""

import numpy as np


def candidate(x):
    z = np.atleast_2d(x.astype(np.float64))
    with np.errstate(all="ignore"):
        d = z - z.mean(axis=1, keepdims=True)
        unit = d / np.sqrt((d * d).sum(axis=1, keepdims=True))
        y = np.clip(unit @ unit.T, -1, 1) if z.shape[1] else np.full((len(z), len(z)), np.nan)
    return np.asarray(y if len(y) > 1 else y[0, 0]).astype(x.dtype)
