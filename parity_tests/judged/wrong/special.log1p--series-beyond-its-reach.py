"""special.log1p: wrong.

Kind: arguments.
Passed before: no.
Below 2e-4 two terms of the series are used; float32 allows that, float64 does not.
"""

import numpy as np

SMALL = 2e-4


def candidate(x):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.where(np.abs(z) < SMALL, np.where(z == 0, z, z * (1 - z / 2)), np.log1p(z)).astype(x.dtype)
