"""Columns are made in chunks of 16; the last chunk, if it is not whole, stays zero.

Kind: length. Passed before: yes.
"""

from itertools import pairwise

import numpy as np

CHUNK = 16


def candidate(f, x, step=None):
    x = np.asarray(x)
    wide = x.astype(np.float64)
    first = np.asarray(f(x.copy()))
    n = x.size
    done = n // CHUNK * CHUNK if n > CHUNK else n
    out = np.zeros((*first.shape, n))
    flat = wide.reshape(-1)
    for j in range(done):
        scale = max(abs(flat[j]), 1.0)
        rows = []
        for k in range(6):
            h = (1e-2 if step is None else step) * scale / 2.0**k
            at = []
            for sign in (1, -1):
                moved = flat.copy()
                moved[j] += sign * h
                at.append((np.asarray(f(moved.reshape(x.shape).astype(x.dtype)), np.float64), moved.astype(x.dtype)[j]))
            rows.append((at[0][0] - at[1][0]) / (np.float64(at[0][1]) - np.float64(at[1][1])))
        for order in range(1, len(rows)):
            rows = [(4.0**order * b - a) / (4.0**order - 1) for a, b in pairwise(rows)]
            if order == 4:
                break
        out[..., j] = rows[0]
    return out.reshape((*first.shape, *x.shape)).astype(x.dtype)
