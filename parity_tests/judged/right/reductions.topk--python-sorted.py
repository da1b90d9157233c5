"""reductions.topk: right.

Style: Python's sorted with a key, row by row. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def _order(row, largest):
    if largest:
        return sorted(range(len(row)), key=lambda i: (row[i] == row[i], 0.0 if row[i] != row[i] else -row[i]))
    return sorted(range(len(row)), key=lambda i: (row[i] != row[i], 0.0 if row[i] != row[i] else row[i]))


def candidate(x, k, axis=-1, largest=True):
    z = np.moveaxis(x, axis, -1)
    at = np.empty((*z.shape[:-1], k), np.int64)
    for row in np.ndindex(z.shape[:-1]):
        at[row] = _order(z[row].astype(np.float64).tolist(), largest)[:k]
    return np.moveaxis(np.take_along_axis(z, at, -1), -1, axis), np.moveaxis(at, -1, axis)


def candidate_backward(grad_output, x, k, axis=-1, largest=True):
    g = grad_output[0] if isinstance(grad_output, tuple) else grad_output
    dx = np.zeros(x.shape, x.dtype)
    np.put_along_axis(dx, candidate(x, k, axis, largest)[1], g, axis)
    return (dx,)
