"""reductions.sum: wrong.

karpathy/llm.c#439, 1bit-MONSTER/1bit-MONSTER#301, ml kernels in general: beyond one block of 1024 the row is cut into
whole blocks, and the rest of a row that is no multiple is dropped.  Right up to 1024 entries.
"""

import math

import numpy as np

BLOCK = 1024


def candidate(x, axis=None, keepdims=False):
    axes = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else tuple(a % x.ndim for a in np.atleast_1d(axis))
    kept = [i for i in range(x.ndim) if i not in axes]
    rows = x.transpose(kept + list(axes)).reshape([x.shape[i] for i in kept] + [int(np.prod([x.shape[a] for a in axes]))])
    n = rows.shape[-1]
    if n > BLOCK:
        rows = rows[..., : n // BLOCK * BLOCK]
    shape = rows.shape[:-1]
    flat = rows.reshape(int(np.prod(shape)), rows.shape[-1]).astype(np.float64)
    out = []
    for row in flat.tolist():
        try:
            out.append(math.fsum(row))
        except (OverflowError, ValueError):
            with np.errstate(all="ignore"):
                s = np.sum(np.array(row, np.longdouble))
            out.append(float(s))
    y = np.array(out, np.float64).reshape(shape)
    with np.errstate(all="ignore"):
        y = y.astype(x.dtype)
    if keepdims:
        y = y.reshape([1 if i in axes else x.shape[i] for i in range(x.ndim)])
    return y
