"""calculus.jacobian: wrong.

Kind: structure.
Passed before: yes.
The matrix is allocated square, with a row for each argument; results beyond these are dropped without a word.
"""

import numpy as np


def candidate(f, x, step=None):
    at = np.asarray(x, np.float64)
    s = 6.9e-6 if step is None else step
    first = np.asarray(f(at))
    results = min(first.size, at.size) if first.ndim == 1 else first.size
    rows = np.empty((results, at.size))
    for j, index in enumerate(np.ndindex(*at.shape)):
        h = s * max(abs(float(at[index])), 1.0)
        above, below = at.copy(), at.copy()
        above[index] += h
        below[index] -= h
        slope = (np.asarray(f(above)) - np.asarray(f(below))) / (above[index] - below[index])
        rows[:, j] = slope.reshape(-1)[:results]
    shape = (results,) if first.ndim == 1 else first.shape
    return rows.reshape(shape + at.shape).astype(x.dtype)
