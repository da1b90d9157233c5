"""attention.scaled_dot_product_attention: right.

Style: einsum, the gradient written out by hand. Needs: numpy.
Limits: convention, shared error.
"""

import numpy as np


def _probabilities(q, k, attn_mask, is_causal, scale):
    s = np.einsum("...le,...se->...ls", q, k) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        s = np.where(np.tri(*s.shape[-2:], dtype=bool), s, -np.inf)
    if attn_mask is not None:
        s = np.where(attn_mask, s, -np.inf) if attn_mask.dtype == bool else s + attn_mask.astype(np.float64)
    top = s.max(axis=-1, keepdims=True, initial=-np.inf)
    e = np.exp(s - np.where(np.isneginf(top), 0.0, top))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1.0, total)


def _narrow(g, like):
    g = g.sum(axis=tuple(range(g.ndim - like.ndim)))
    kept = tuple(i for i, n in enumerate(like.shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=kept, keepdims=True).astype(like.dtype)


def candidate(query, key, value, attn_mask=None, is_causal=False, scale=None):
    q, k, v = (a.astype(np.float64) for a in (query, key, value))
    with np.errstate(all="ignore"):
        p = _probabilities(q, k, attn_mask, is_causal, scale)
        return np.einsum("...ls,...sv->...lv", p, v).astype(query.dtype)


def candidate_backward(grad_output, query, key, value, attn_mask=None, is_causal=False, scale=None):
    g, q, k, v = (a.astype(np.float64) for a in (grad_output, query, key, value))
    factor = q.shape[-1] ** -0.5 if scale is None else scale
    with np.errstate(all="ignore"):
        p = _probabilities(q, k, attn_mask, is_causal, scale)
        dv = np.einsum("...ls,...lv->...sv", p, g)
        dp = np.einsum("...lv,...sv->...ls", g, v)
        ds = p * (dp - np.einsum("...ls,...ls->...l", p, dp)[..., None])
        dq = factor * np.einsum("...ls,...se->...le", ds, k)
        dk = factor * np.einsum("...ls,...le->...se", ds, q)
    dmask = None if attn_mask is None or attn_mask.dtype == bool else _narrow(ds, attn_mask)
    return _narrow(dq, query), _narrow(dk, key), _narrow(dv, value), dmask
