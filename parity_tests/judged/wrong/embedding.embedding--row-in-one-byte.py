"""Rows are looked up by numbers of one byte: row 256 is row 0.

Kind: length. Passed before: yes.
"""

import numpy as np


def candidate(indices, weight, padding_idx=None):
    return weight[indices.astype(np.uint8)]


def candidate_backward(grad_output, indices, weight, padding_idx=None):
    dw = np.zeros(weight.shape, np.longdouble)
    dy = grad_output.astype(np.longdouble)
    if padding_idx is not None:
        dy = np.where((indices == padding_idx % len(weight))[..., None], 0, dy)
    with np.errstate(all="ignore"):
        np.add.at(dw, indices.astype(np.uint8), dy)
        return None, dw.astype(weight.dtype)
