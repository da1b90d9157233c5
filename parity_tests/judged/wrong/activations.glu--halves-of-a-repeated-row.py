"""The second half is found by half the row's bytes: where an axis repeats itself (stride 0) both halves are the first.

Kind: layout. Passed before: yes.
"""

import numpy as np


def candidate(x, axis=-1):
    a, b = np.split(x.astype(np.longdouble), 2, axis=axis)
    if x.ndim > 1 and 0 in x.strides and x.strides[axis] != 0 and axis not in (-1, x.ndim - 1):
        b = a
    with np.errstate(all="ignore"):
        small = np.exp(-np.abs(b))
        gate = np.where(b >= 0, 1, small) / (1 + small)
        return (a * gate).astype(x.dtype)
