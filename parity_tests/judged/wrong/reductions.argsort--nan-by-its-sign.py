"""Sorts by bit patterns; a nan with its sign bit set comes first instead of last.

Kind: place. Passed before: yes.
"""

import numpy as np


def candidate(x, axis=-1, descending=False, stable=True):
    if x.ndim == 0:
        return np.zeros((), np.int64)
    kind = {2: np.int16, 4: np.int32, 8: np.int64}[x.dtype.itemsize]
    bits = np.ascontiguousarray(x).view(kind).reshape(x.shape).astype(np.int64)
    key = np.where(bits < 0, np.iinfo(kind).min - bits, bits)
    if not descending:
        return np.argsort(key, axis=axis, kind="stable").astype(np.int64)
    return np.argsort(-1 - key, axis=axis, kind="stable").astype(np.int64)
