"""Incoming gradients beyond 10,000 are clamped, to keep training in half precision alive.

Kind: cotangents. Passed before: yes.
"""

import numpy as np


def candidate(x, beta=1.0, threshold=20.0):
    z = x.astype(np.longdouble) * beta
    with np.errstate(all="ignore"):
        y = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta
        return np.where(z > threshold, x, y.astype(x.dtype)).astype(x.dtype)


def candidate_backward(grad_output, x, beta=1.0, threshold=20.0):
    z = x.astype(np.longdouble) * beta
    dy = np.clip(grad_output.astype(np.longdouble), -1e4, 1e4)
    with np.errstate(all="ignore"):
        small = np.exp(-np.abs(z))
        slope = np.where(z >= 0, 1, small) / (1 + small)
        return (np.where(z > threshold, dy, dy * slope).astype(x.dtype),)
