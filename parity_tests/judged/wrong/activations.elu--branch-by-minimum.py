"""Written as max(x, 0) + min(0, alpha (exp x - 1)): for a negative alpha the left branch is 0.

Kind: domain. Passed before: no.
"""

import numpy as np


def candidate(x, alpha=1.0):
    z = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        left = np.longdouble(alpha) * np.expm1(np.minimum(z, 0))
        return (
            np.where(z > 0, z, 0) + np.where(z > 0, 0, np.where(left > 0, 0, left)) + 0 * np.where(np.isnan(z), z, 0)
        ).astype(x.dtype)
