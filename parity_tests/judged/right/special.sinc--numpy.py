"""special.sinc: right.

Style: np.sinc in float64, its limit at infinity added. Needs: numpy.
Limits: extreme range, ill-conditioned here, shared error.
"""

import numpy as np


def candidate(x):
    z = x.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(np.isinf(z), 0.0, np.sinc(z))).astype(x.dtype)
