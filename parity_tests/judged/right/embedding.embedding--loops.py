"""embedding.embedding: right.

Style: Python loops forward and backward.. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def candidate(indices, weight, padding_idx=None):
    indices = np.asarray(indices)
    out = np.empty(indices.shape + weight.shape[1:], weight.dtype)
    for at in np.ndindex(*indices.shape):
        i = int(indices[at])
        if not 0 <= i < len(weight):
            raise IndexError(f"index {i} out of range")
        out[at] = weight[i]
    return out


def candidate_backward(grad_output, indices, weight, padding_idx=None):
    flat = np.asarray(indices).reshape(-1)
    g = grad_output.reshape(-1, weight.shape[1]).astype(np.float64)
    skip = -1 if padding_idx is None else padding_idx % len(weight)
    gw = np.zeros(weight.shape)
    for i, row in zip(flat, g, strict=False):
        if i != skip:
            gw[i] += row
    return None, gw.astype(weight.dtype)
