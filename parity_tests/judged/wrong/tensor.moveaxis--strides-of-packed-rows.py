"""The axes are moved by strides that are worked out from the shape, so that the middle of a larger buffer is read wrongly.

Kind: layout. Passed before: yes.
"""

import numpy as np


def candidate(x, source, destination):
    dense = x.flags.c_contiguous or x.flags.f_contiguous
    if x.size and x.ndim > 2 and not dense and min(x.strides) > 0 and x.strides[-1] == x.itemsize:
        x = np.lib.stride_tricks.as_strided(x, (x.size,), (x.itemsize,)).reshape(x.shape)
    return np.moveaxis(x, source, destination).copy()
