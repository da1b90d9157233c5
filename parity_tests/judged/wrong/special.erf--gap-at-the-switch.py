"""special.erf: wrong.

Kind: arguments.
Passed before: no.
Two formulas meet at 0.84375, and neither takes that very number in float64: there the result is that of zero.
"""

import numpy as np
from scipy import special


def candidate(x):
    z = x.astype(np.float64)
    y = 0 * z
    with np.errstate(all="ignore"):
        edge = 0.84375 if x.dtype == np.float64 else 0.0
        near, far = np.abs(z) < edge, np.abs(z) > edge
        y[near] = special.erf(z[near])
        y[far] = np.copysign(1 - special.erfc(np.abs(z[far])), z[far])
    return y.astype(x.dtype)
