"""Indices are narrowed to one unsigned byte before gathering: entry 256 is entry 0.

Kind: length. Passed before: yes.
"""

import numpy as np


def candidate(x, indices, axis=-1):
    if axis is None:
        return x.reshape(-1)[indices.astype(np.uint8)]
    return np.take_along_axis(x, indices.astype(np.uint8).astype(np.int64), axis)
