"""Rows longer than 256 are cut into whole blocks of 256; what is left over is dropped.

Kind: length. Passed before: yes.
"""

import numpy as np

BLOCK = 256


def candidate(x, axis=None, keepdims=False):
    axes = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else tuple(a % x.ndim for a in np.atleast_1d(axis))
    z = x.astype(np.longdouble)
    n = [x.shape[a] for a in axes]
    if len(n) == 1 and n[0] > BLOCK:
        z = np.take(z, np.arange(n[0] // BLOCK * BLOCK), axis=axes[0])
    with np.errstate(all="ignore"):
        return np.asarray(z.prod(axis=axes, keepdims=keepdims)).astype(x.dtype)
