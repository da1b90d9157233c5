"""linalg.slogdet: wrong.

Kind: arguments.
Passed before: no.
A pivot that is exactly zero makes the matrix singular, it is thought; rows are exchanged for pivots that are merely smaller.
"""

import numpy as np


def _one(a):
    a, sign, log = a.copy(), 1.0, 0.0
    n = len(a)
    for k in range(n):
        if k and a[k, k] == 0 and np.any(a[k:, k] != 0):
            return 0.0, -np.inf
        best = k + int(np.argmax(np.abs(a[k:, k])))
        if best != k:
            a[[k, best]], sign = a[[best, k]], -sign
        if a[k, k] == 0:
            return 0.0, -np.inf
        sign, log = sign * np.sign(a[k, k]), log + np.log(np.abs(a[k, k]))
        a[k + 1 :, k:] -= np.outer(a[k + 1 :, k] / a[k, k], a[k, k:])
    return sign, log


def candidate(a):
    wide = a.astype(np.longdouble)
    sign, log = np.empty(a.shape[:-2], a.dtype), np.empty(a.shape[:-2], a.dtype)
    with np.errstate(all="ignore"):
        for index in np.ndindex(*a.shape[:-2]):
            sign[index], log[index] = _one(wide[index])
    return sign, log
