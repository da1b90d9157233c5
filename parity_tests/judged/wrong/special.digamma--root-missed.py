"""Within 1/1000 of its root, 1.4616…, the straight line through it is returned.

Kind: sharing. Passed before: yes.
"""

import numpy as np
from scipy import special

ROOT = 1.4616321449683622


def candidate(x):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        y = special.digamma(z)
        y = np.where(z == 0, np.copysign(np.inf, -z), y)
        return np.where(np.abs(z - ROOT) < 1e-3, 0.9676 * (z - ROOT), y).astype(x.dtype)
