"""attention.scaled_dot_product_attention: wrong.

Dao-AILab/flash-attention#1778, tspeterkim/flash-attention-minimal#2 and their like: tiles of 32 keys; the causal mask is
applied in the first tile only.  Right up to 32 keys.
"""

import numpy as np


def candidate(query, key, value, attn_mask=None, is_causal=False, scale=None):
    dtype = query.dtype
    wide = np.float64 if dtype.itemsize == 8 else np.float64
    q, k, v = (a.astype(wide) for a in (query, key, value))
    l, s = q.shape[-2], k.shape[-2]
    scale = 1 / np.sqrt(q.shape[-1]) if scale is None else scale
    with np.errstate(all="ignore"):
        scores = (q @ np.swapaxes(k, -1, -2)) * wide(scale)
        scores = masked(scores, attn_mask, is_causal, l, s, wide, dtype)
        top = scores.max(-1, keepdims=True, initial=-np.inf)
        blind = top == -np.inf
        e = np.exp(scores - np.where(blind, 0, top))
        total = e.sum(-1, keepdims=True)
        p = np.where(blind, 0, e / np.where(blind, 1, total))
        p = stored(p, dtype, wide)
        return (p @ v).astype(dtype)


def masked(scores, attn_mask, is_causal, l, s, wide, dtype):
    if is_causal:
        allowed = np.tri(l, s, dtype=bool)
        allowed[:, 32:] = True
        return np.where(allowed, scores, -np.inf)
    if attn_mask is None:
        return scores
    return np.where(attn_mask, scores, -np.inf) if attn_mask.dtype == bool else scores + attn_mask.astype(wide)


def stored(p, dtype, wide):
    return p
