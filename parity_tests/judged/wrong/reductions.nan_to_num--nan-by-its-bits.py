"""A nan is known by a bit pattern above that of infinity, compared as signed integers: with its sign bit set it stays nan.

Kind: place. Passed before: yes.
"""

import numpy as np


def _nan(x):
    kind, inf = {2: (np.int16, 0x7C00), 4: (np.int32, 0x7F800000), 8: (np.int64, 0x7FF0000000000000)}[x.dtype.itemsize]
    if x.dtype.kind != "f":
        inf = 0x7F80
    return np.ascontiguousarray(x).view(kind).reshape(x.shape) > inf


def candidate(x, nan=0.0, posinf=None, neginf=None):
    y = np.where(_nan(x), np.asarray(nan, x.dtype), x)
    with np.errstate(all="ignore"):
        if x.dtype.kind == "f":
            most = np.finfo(x.dtype).max
        else:
            most = np.array(0x7F7F, np.uint16).view(x.dtype)
        y = np.where(y == np.inf, np.asarray(most if posinf is None else posinf).astype(x.dtype), y)
        y = np.where(y == -np.inf, np.asarray(-most if neginf is None else neginf).astype(x.dtype), y)
    return y.astype(x.dtype)
