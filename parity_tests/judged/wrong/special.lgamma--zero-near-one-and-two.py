"""Within 1/1000 of 1 and 2 the answer is 0, where others only lose some digits.

Kind: sharing. Passed before: yes.
"""

import numpy as np
from scipy import special


def candidate(x):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        near = np.minimum(np.abs(z - 1), np.abs(z - 2)) < 1e-3
        return np.where(near, 0.0, special.gammaln(z)).astype(x.dtype)
