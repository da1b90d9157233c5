"""The place of the smallest entry is kept in one byte: beyond 255 it begins at 0 again.

Kind: length. Passed before: yes.
"""

import numpy as np


def candidate(x, axis=None, keepdims=False):
    rows = x.reshape(1, -1) if axis is None or x.ndim == 0 else np.moveaxis(x, axis, -1)
    z = rows.astype(np.float64)
    key = np.where(np.isnan(z), -np.inf, z)
    nan = np.isnan(z)
    at = np.where(nan.any(-1), nan.argmax(-1), key.argmin(-1)).astype(np.uint8).astype(np.int64)
    if axis is None or x.ndim == 0:
        return at.reshape((1,) * x.ndim if keepdims else ())
    return np.expand_dims(at, axis) if keepdims else at
