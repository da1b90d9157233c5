"""attention.scaled_dot_product_attention: right.

Style: key by key with a running maximum, as flash attention does. Needs: numpy.
Limits: shared error.
"""

import numpy as np


def candidate(query, key, value, attn_mask=None, is_causal=False, scale=None):
    q, k, v = (a.astype(np.float64) for a in (query, key, value))
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    shape = np.broadcast_shapes(q.shape[:-2], k.shape[:-2])
    queries, keys = q.shape[-2], k.shape[-2]
    bias = np.zeros((queries, keys))
    if is_causal:
        bias = np.where(np.tri(queries, keys, dtype=bool), 0.0, -np.inf)
    if attn_mask is not None:
        bias = np.where(attn_mask, 0.0, -np.inf) if attn_mask.dtype == bool else attn_mask.astype(np.float64)
    bias = np.broadcast_to(bias, (*shape, queries, keys))
    top = np.full((*shape, queries), -np.inf)
    total, out = np.zeros(top.shape), np.zeros((*top.shape, v.shape[-1]))
    with np.errstate(invalid="ignore", over="ignore"):
        for j in range(keys):
            hidden = np.isneginf(bias[..., j])
            score = np.where(hidden, -np.inf, scale * (q * k[..., j, None, :]).sum(axis=-1) + bias[..., j])
            new = np.maximum(top, score)
            base = np.where(np.isneginf(new), 0.0, new)
            keep, add = np.exp(top - base), np.exp(score - base)
            total = total * keep + add
            out, top = out * keep[..., None] + add[..., None] * v[..., j, None, :], new
        y = out / np.where(total == 0, 1.0, total)[..., None]
    return y.astype(query.dtype)
