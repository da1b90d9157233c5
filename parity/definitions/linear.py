"""Products of matrices, as defined: sums of products."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import scaled


@scaled("absolute", "absolute")
def linear(x, weight, bias=None):
    y = np.matmul(x, weight.T)
    return y if bias is None else y + bias


@scaled("absolute", "absolute")
def matmul(x, other):
    return np.matmul(x, other)
