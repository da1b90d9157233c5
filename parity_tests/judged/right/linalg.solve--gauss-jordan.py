"""linalg.solve: right.

Style: elimination with scaled partial pivoting, in Python loops. Needs: numpy.
Written for a.ndim == 2 and b.ndim <= 2: right with --where "a.ndim == 2 and b.ndim <= 2".
"""

import numpy as np


def candidate(a, b):
    m = a.astype(np.float64)
    x = b.astype(np.float64).reshape(len(m), -1)
    scale = np.abs(m).max(axis=1, initial=0.0)
    for k in range(len(m)):
        with np.errstate(divide="ignore", invalid="ignore"):
            pivot = k + int(np.argmax(np.abs(m[k:, k]) / scale[k:]))
        if m[pivot, k] == 0:
            raise np.linalg.LinAlgError("the matrix is singular")
        for v in (m, x, scale):
            v[[k, pivot]] = v[[pivot, k]]
        for i in range(k + 1, len(m)):
            factor = m[i, k] / m[k, k]
            m[i, k:] -= factor * m[k, k:]
            x[i] -= factor * x[k]
    for k in reversed(range(len(m))):
        x[k] = (x[k] - m[k, k + 1 :] @ x[k + 1 :]) / m[k, k]
    return x.reshape(b.shape).astype(b.dtype)
