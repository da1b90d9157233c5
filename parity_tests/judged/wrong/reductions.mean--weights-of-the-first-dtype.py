"""reductions.mean: wrong.

Kind: state.
Passed before: no.
The row of weights 1/n is made once for each n, in the dtype of the first input of that length, and used in all others.
"""

import numpy as np

_WEIGHTS = {}


def _weights(n, dtype):
    if n not in _WEIGHTS:
        _WEIGHTS[n] = np.full(n, 1 / n if n else np.nan, np.float32 if dtype.itemsize < 4 else dtype)
    return _WEIGHTS[n]


def candidate(x, axis=None, keepdims=False):
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in np.atleast_1d(axis))
    kept = [d for d in range(x.ndim) if d not in axes]
    rows = x.transpose(*kept, *axes).reshape(*(x.shape[d] for d in kept), -1)
    with np.errstate(all="ignore"):
        y = (rows.astype(np.float64) * _weights(rows.shape[-1], x.dtype)).sum(-1)
    if keepdims:
        y = y.reshape([1 if d in axes else n for d, n in enumerate(x.shape)])
    return np.asarray(y).astype(x.dtype)
