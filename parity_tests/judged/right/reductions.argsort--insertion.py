"""reductions.argsort: right.

Style: insertion of each entry behind its equals, in Python. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def _goes_before(a, b, descending):
    if descending:
        return (a != a and b == b) or a > b
    return (b != b and a == a) or a < b


def _order(row, descending):
    order = []
    for i, value in enumerate(row):
        k = len(order)
        while k and _goes_before(value, row[order[k - 1]], descending):
            k -= 1
        order.insert(k, i)
    return order


def candidate(x, axis=-1, descending=False, stable=True):
    z = np.moveaxis(x, axis, -1)
    at = np.empty(z.shape, np.int64)
    for row in np.ndindex(z.shape[:-1]):
        at[row] = _order(z[row].tolist(), descending)
    return np.moveaxis(at, -1, axis)
