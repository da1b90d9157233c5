"""special.digamma: right.

Style: recurrence up to 12, asymptotic series, reflection for negative numbers. Needs: numpy.
Limits: ill-conditioned here.
"""

import numpy as np

SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def _positive(z):
    total = np.zeros_like(z)
    for _ in range(12):
        small = z < 12
        total = np.where(small, total - 1 / z, total)
        z = np.where(small, z + 1, z)
    w = 1 / (z * z)
    tail = np.zeros_like(z)
    for c in reversed(SERIES):
        tail = (tail + c) * w
    return total + np.log(z) - 0.5 / z - tail


def candidate(x):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        right = _positive(np.where(z > 0, z, 1 - z))
        near = z - np.round(z)
        left = right - np.pi / np.tan(np.pi * near)
        y = np.where(z > 0, right, np.where(near == 0, np.nan, left))
        y = np.where(z == 0, np.copysign(np.inf, -z), np.where(np.isposinf(z), z, y))
    return np.asarray(y).astype(x.dtype)
