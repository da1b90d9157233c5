"""normalization.layer_norm: right.

Style: Welford's update, row by row in Python. Needs: numpy.
Limits: extreme range, refuses, shared error.
"""

import math

import numpy as np


def candidate(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    n = math.prod(normalized_shape)
    rows = x.reshape(-1, n).astype(np.float64)
    out = np.empty(rows.shape)
    for i, row in enumerate(rows):
        mean, square = 0.0, 0.0
        for k, v in enumerate(row, 1):
            step = v - mean
            mean += step / k
            square += step * (v - mean)
        out[i] = (row - mean) / np.sqrt(square / n + eps)
    out = out.reshape(x.shape)
    out = out if weight is None else out * weight.astype(np.float64)
    out = out if bias is None else out + bias.astype(np.float64)
    return out.astype(x.dtype)
