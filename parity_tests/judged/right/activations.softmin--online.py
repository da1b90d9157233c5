"""activations.softmin: right.

Style: online softmax: one pass with a running maximum and a rescaled sum. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def candidate(x, axis=-1):
    z = -np.moveaxis(x, axis, 0).astype(np.float64)
    top, total = np.full(z.shape[1:], -np.inf), np.zeros(z.shape[1:])
    with np.errstate(invalid="ignore"):
        for row in z:
            new = np.maximum(top, row)
            shift = np.where(np.isneginf(new), 0.0, new)
            total = total * np.exp(top - shift) + np.exp(row - shift)
            top = new
        y = np.exp(z - top) / total
    return np.moveaxis(y, 0, axis).astype(x.dtype)


def candidate_backward(grad_output, x, axis=-1):
    p = np.moveaxis(candidate(x.astype(np.float64), axis), axis, 0)
    g = np.moveaxis(grad_output, axis, 0).astype(np.float64)
    dx = np.empty_like(p)
    for j in range(len(p)):
        dx[j] = p[j] * (p * (g - g[j])).sum(axis=0)
    return (np.moveaxis(dx, 0, axis).astype(x.dtype),)
