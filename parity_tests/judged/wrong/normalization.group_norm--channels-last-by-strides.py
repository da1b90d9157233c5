"""An image whose last axis is not the one of stride one is taken for channels last; a transposed one is not.

Kind: layout. Passed before: no.
"""

import numpy as np


def candidate(x, num_groups, weight=None, bias=None, eps=1e-5):
    c = x.shape[1]
    z = x
    if x.ndim > 2 and x.size and x.strides[-1] > x.itemsize and x.strides[-1] == x.strides[-2] * x.shape[-2]:
        z = np.ascontiguousarray(np.swapaxes(x, -1, -2)).reshape(x.shape)
    z = z.reshape(x.shape[0], num_groups, x.size // (max(len(x), 1) * num_groups)).astype(np.longdouble)
    n = np.longdouble(z.shape[-1])
    with np.errstate(all="ignore"):
        d = z - z.sum(-1, keepdims=True) / n
        d = d - d.sum(-1, keepdims=True) / n
        y = (d / np.sqrt((d * d).sum(-1, keepdims=True) / n + np.longdouble(eps))).reshape(x.shape)
        shape = (1, c) + (1,) * (x.ndim - 2)
        y = y if weight is None else y * weight.astype(np.longdouble).reshape(shape)
        y = y if bias is None else y + bias.astype(np.longdouble).reshape(shape)
        return y.astype(x.dtype)
