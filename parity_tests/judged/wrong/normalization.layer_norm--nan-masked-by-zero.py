"""Rows are told apart by a product with a mask of ones and zeros; a nan or an infinity in one row reaches the others.

Kind: mixture. Passed before: yes.
"""

import numpy as np


def candidate(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    k = len(normalized_shape) if np.ndim(normalized_shape) else 1
    axes = tuple(range(x.ndim - k, x.ndim))
    z = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        rows = z.reshape(int(np.prod(x.shape[: x.ndim - k])), -1)
        if not np.isfinite(rows).all():
            rows = np.stack([(mask[:, None] * rows).sum(0) for mask in np.eye(len(rows))]) if len(rows) else rows
            z = rows.reshape(x.shape)
        n = np.longdouble(rows.shape[1])
        d = z - z.sum(axes, keepdims=True) / n
        d = d - d.sum(axes, keepdims=True) / n
        y = d / np.sqrt((d * d).sum(axes, keepdims=True) / n + np.longdouble(eps))
        y = y if weight is None else y * weight.astype(np.longdouble)
        y = y if bias is None else y + bias.astype(np.longdouble)
        return y.astype(x.dtype)
