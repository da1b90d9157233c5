"""normalization.local_response_norm: right.

Style: a loop over channels, each with its window. Needs: numpy.
Limits: shared error.
"""

import numpy as np


def _energy(z, size, alpha, k):
    d = np.empty_like(z)
    for c in range(z.shape[1]):
        window = z[:, max(c - size // 2, 0) : c + (size - 1) // 2 + 1]
        d[:, c] = k + alpha / size * (window * window).sum(axis=1)
    return d


def candidate(x, size, alpha=1e-4, beta=0.75, k=1.0):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        return (z * _energy(z, size, alpha, k) ** -beta).astype(x.dtype)
