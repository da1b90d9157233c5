"""Groups of more than 512 numbers: the variance is taken over the first 512 only.

Kind: length. Passed before: yes.
"""

import numpy as np

BLOCK = 512


def candidate(x, num_groups, weight=None, bias=None, eps=1e-5):
    z = x.reshape(x.shape[0], num_groups, x.size // (max(len(x), 1) * num_groups)).astype(np.longdouble)
    n = np.longdouble(z.shape[-1])
    with np.errstate(all="ignore"):
        d = z - z.sum(-1, keepdims=True) / n
        d = d - d.sum(-1, keepdims=True) / n
        part = d[..., :BLOCK]
        var = (part * part).sum(-1, keepdims=True) / max(part.shape[-1], 1)
        y = (d / np.sqrt(var + np.longdouble(eps))).reshape(x.shape)
        shape = (1, -1) + (1,) * (x.ndim - 2)
        y = y if weight is None else y * weight.astype(np.longdouble).reshape(shape)
        y = y if bias is None else y + bias.astype(np.longdouble).reshape(shape)
        return y.astype(x.dtype)
