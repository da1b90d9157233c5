"""Updates along the axis are made in blocks of 256, and the last part block is left out.

Kind: length. Passed before: yes.
"""

import numpy as np

BLOCK = 256


def candidate(x, axis, index, src):
    y = x.astype(np.longdouble)
    n = index.shape[axis] if index.ndim else 0
    used = n // BLOCK * BLOCK if n > BLOCK else n
    at = list(np.indices(index.shape, sparse=True))
    part = [slice(None)] * index.ndim
    if index.ndim:
        part[axis] = slice(0, used)
    at[axis] = index
    grid = [np.broadcast_to(a, index.shape)[tuple(part)] for a in at]
    with np.errstate(all="ignore"):
        np.add.at(y, tuple(grid), src[tuple(slice(m) for m in index.shape)][tuple(part)].astype(np.longdouble))
        return y.astype(x.dtype)
