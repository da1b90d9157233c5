"""losses.cross_entropy: right.

Style: one-hot targets and scipy.special.logsumexp. Needs: scipy.
Limits: convention, shared error.
"""

import numpy as np
from scipy.special import logsumexp


def _finish(v, reduction, dtype, count=None):
    if reduction == "mean":
        v = v.sum() / np.float64(v.size if count is None else count)
    elif reduction == "sum":
        v = v.sum()
    return np.asarray(v).astype(dtype)


def candidate(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """Class indices become probabilities; everything else is one einsum."""
    z = (x[None] if x.ndim == 1 else x).astype(np.float64)
    z = z.reshape(z.shape[0], z.shape[1], int(np.prod(z.shape[2:])))
    C = z.shape[1]
    w = np.ones(C) if weight is None else weight.astype(np.float64)
    logp = z - logsumexp(z, axis=1, keepdims=True) if z.size else z
    if target.dtype.kind == "f":
        q = target.astype(np.float64).reshape(z.shape)
        count = q.shape[0] * q.shape[2]
    else:
        t = target.reshape(z.shape[0], z.shape[2])
        q = (t[:, None, :] == np.arange(C)[None, :, None]) & (t != ignore_index)[:, None]
        count = np.einsum("nck,c->", q, w)
        q = q.astype(np.float64)
    kept = q.any(axis=1, keepdims=True) if target.dtype.kind != "f" else 1.0
    q = (1 - label_smoothing) * q + label_smoothing / C * kept
    v = -np.where(q == 0, 0, q * logp * w[None, :, None]).sum(axis=1)
    if reduction == "none":
        v = v.reshape(() if x.ndim == 1 else x.shape[:1] + x.shape[2:])
    with np.errstate(invalid="ignore"):
        return _finish(v, reduction, x.dtype, count)
