"""activations.silu: wrong.

Kind: arguments.
Passed before: yes.
Two formulas overlap between 16.5 and 16.625, and there the product of both is returned, off by 2^-12 of its size.
"""

import numpy as np


def candidate(x):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        y = np.where(z < -745, -0.0 * (z < 0), z / (1 + np.exp(-z)))
        y = np.where((z > 16.5) & (z < 16.625), z * (1 - 2.0**-12), y)
    return y.astype(x.dtype)
