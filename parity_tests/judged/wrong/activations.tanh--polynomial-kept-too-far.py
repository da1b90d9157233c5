"""activations.tanh: wrong.

Kind: arguments.
Passed before: no.
In float64 a Taylor series is used up to 0.02 in size; its last two terms would be needed near the end of that interval.
"""

import numpy as np

SWITCH = 0.0214


def candidate(x):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        y = np.tanh(z)
        if x.dtype == np.float64:
            series = z * (1 - z * z * (1 / 3 - z * z * (2 / 15)))
            y = np.where(np.abs(z) < SWITCH, np.where(np.abs(z) > 0.02, series, y), y)
        return y.astype(x.dtype)
