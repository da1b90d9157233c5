"""Within 1/2000 of one half, where the ratio loses digits, the straight line 4 (x - 1/2) is returned.

Kind: sharing. Passed before: yes.
"""

import numpy as np


def candidate(x, eps=None):
    z = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        if eps is not None:
            z = np.where(np.isnan(z), z, np.clip(z, np.longdouble(eps), 1 - np.longdouble(eps)))
        y = np.where(np.abs(z - 0.5) < 0.25, 2 * np.arctanh(2 * (z - 0.5)), np.log(z) - np.log1p(-z))
        return np.where(np.abs(z - 0.5) < 5e-4, 4 * (z - 0.5), y).astype(x.dtype)
