"""calculus.jacobian: right.

Style: Richardson extrapolation of central differences. Needs: numpy.
Limits: ill-conditioned here.
"""

import numpy as np


def candidate(f, x):
    x = np.array(x, np.float64)

    def central(at, h):
        up, down = x.copy(), x.copy()
        up[at] += h
        down[at] -= h
        return (np.asarray(f(up)) - np.asarray(f(down))) / (2 * h)

    y = np.asarray(f(x))
    jac = np.empty(y.shape + x.shape)
    for at in np.ndindex(x.shape):
        h = 1e-3 * max(abs(x[at]), 1e-4)
        jac[(..., *at)] = (4 * central(at, h / 2) - central(at, h)) / 3
    return jac
