"""Below -8 the answer is -0; one plus erf loses digits there, and this loses all of them.

Kind: sharing. Passed before: no.
"""

import numpy as np
from scipy import special


def candidate(x, approximate="none"):
    z = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        if approximate == "tanh":
            u = np.sqrt(2 / np.longdouble("3.14159265358979323846264338327950288")) * (z + np.longdouble("0.044715") * z**3)
            small = np.exp(-2 * np.abs(u))
            gate = np.where(u >= 0, 1, small) / (1 + small)
            return np.where(z == -np.inf, -0.0, z * gate).astype(x.dtype)
        y = z * special.ndtr(x.astype(np.float64)).astype(np.longdouble)
        return np.where(z < -8, -0.0, y).astype(x.dtype)
