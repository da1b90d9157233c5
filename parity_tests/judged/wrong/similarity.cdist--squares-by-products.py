"""Above 25 points the squared distances come from products, as in torch, but in the rounding of float32.

Kind: sharing. Passed before: no.
"""

import numpy as np


def candidate(x1, x2, p=2.0):
    a, b = x1.astype(np.longdouble)[..., :, None, :], x2.astype(np.longdouble)[..., None, :, :]
    with np.errstate(all="ignore"):
        d = np.abs(a - b)
        if d.shape[-1] == 0:
            y = np.zeros(d.shape[:-1])
        elif p == 0:
            y = np.where(np.isnan(d).any(-1), np.nan, (d != 0).sum(-1))
        elif p == np.inf:
            y = d.max(-1)
        elif p == 1:
            y = d.sum(-1)
        elif p == 2 and max(x1.shape[-2], x2.shape[-2]) > 25 and x1.ndim == x2.ndim == 2:
            u, v = x1.astype(np.float32), x2.astype(np.float32)
            square = (u * u).sum(-1)[:, None] - 2 * (u @ v.T) + (v * v).sum(-1)[None, :]
            y = np.sqrt(np.maximum(square, 0))
        else:
            top = d.max(-1, keepdims=True)
            top = np.where((top > 0) & np.isfinite(top), top, 1)
            y = ((d / top) ** np.longdouble(p)).sum(-1) ** (1 / np.longdouble(p)) * top[..., 0]
        return y.astype(np.result_type(x1, x2))
