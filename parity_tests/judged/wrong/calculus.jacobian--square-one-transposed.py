"""calculus.jacobian: wrong.

Kind: structure.
Passed before: no.
The columns are stacked as rows, and only a matrix that is not square is turned round: of a square one it is the transpose.
"""

import numpy as np


def candidate(f, x, step=None):
    at = np.asarray(x, np.float64)
    s = 6.9e-6 if step is None else step
    first = np.asarray(f(at))
    columns = []
    for index in np.ndindex(*at.shape):
        h = s * max(abs(float(at[index])), 1.0)
        above, below = at.copy(), at.copy()
        above[index] += h
        below[index] -= h
        slope = (np.asarray(f(above)) - np.asarray(f(below))) / (above[index] - below[index])
        columns.append(slope.reshape(-1))
    rows = np.stack(columns)
    if first.size != at.size:
        rows = rows.T
    return rows.reshape(first.shape + at.shape).astype(x.dtype)
