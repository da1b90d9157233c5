"""calculus.jacobian: right.

Style: the central difference of fourth order, column by column. Needs: numpy.
"""

import numpy as np


def candidate(f, x):
    x = np.array(x, np.float64)

    def shifted(at, h):
        moved = x.copy()
        moved[at] += h
        return np.asarray(f(moved), np.float64)

    y = np.asarray(f(x))
    jac = np.empty(y.shape + x.shape)
    for at in np.ndindex(x.shape):
        h = 2.0**-10 * max(abs(x[at]), 1.0)
        near, far = shifted(at, h) - shifted(at, -h), shifted(at, 2 * h) - shifted(at, -2 * h)
        jac[(..., *at)] = (8 * near - far) / (12 * h)
    return jac
