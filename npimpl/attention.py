"""Attention: scaled_dot_product_attention."""

from __future__ import annotations

import math

import numpy as np

from npimpl._axes import sum_to_shape
from npimpl._contractions import chain, cotangent, in_range, multilinear, operands
from npimpl._precision import rounded

__all__ = ["scaled_dot_product_attention", "scaled_dot_product_attention_backward"]


@np.errstate(all="ignore")
def scaled_dot_product_attention(query, key, value, attn_mask=None, is_causal=False, scale=None):
    r"""Average the values, each query weighting them by the softmax of its products with the keys.

        s_ij = scale sum_e query_ie key_je + mask_ij        P_ij = exp(s_ij) / sum_k exp(s_ik)        y_iv = sum_j P_ij value_jv

    `scale` is 1/sqrt(E) by default.  A boolean mask says who takes part: where it is False, P_ij = 0.  A float mask is
    added to the scores.  `is_causal` lets query i see keys 0 … i only.
    The largest score of a row is subtracted before exp, which changes nothing in P and cannot overflow.  Products and
    softmax run in float32 (float64 for float64), rounded to the dtype once.  Scores that overflow although query and key
    are finite are formed again with more range.  A rounding error of the score is a relative one of P: the error is of
    order u sum_j P_ij |value_jv| (1 + a_ij + sum_k P_ik a_ik), a_ij = scale sum_e |query_ie key_je| + |mask_ij|.

    Shapes: query (*, L, E), key (*, S, E), value (*, S, V), attn_mask broadcast to (*, L, S); y (*, L, V) in the common dtype.
    Special values: a query that sees no key (all masked, all scores -inf, S = 0) gives 0, as in PyTorch, not 0/0.
    A score of +inf or nan makes its row nan.
    Raises: ValueError if the shapes do not fit, or if both a mask and `is_causal` are given; TypeError for an integer mask.
    Source: Vaswani et al., "Attention Is All You Need", 2017, eq. 1.

    >>> scaled_dot_product_attention(np.zeros((1, 2)), np.ones((2, 2)), np.array([[1.0], [4.0]]))
    array([[2.5]])
    """
    (q, k, v), dtype = _arguments(query, key, value, attn_mask, is_causal)
    p, _ = _weights(q, k, attn_mask, is_causal, _scale(scale, q))
    return rounded(multilinear(np.matmul, p, v), dtype)


@np.errstate(all="ignore")
def scaled_dot_product_attention_backward(grad_output, query, key, value, attn_mask=None, is_causal=False, scale=None):
    r"""The vector-Jacobian product: (dquery, dkey, dvalue, dmask); dmask is None for no mask or a boolean one.

    y = P value is linear in each factor; dP_ij/ds_ik = P_ij (delta_jk - P_ik) for the softmax of a row; s is bilinear:

        dvalue_jv = sum_i P_ij dy_iv        dP_ij = sum_v dy_iv value_jv        dS_ij = P_ij (dP_ij - sum_k P_ik dP_ik)
        dquery_ie = scale sum_j dS_ij key_je        dkey_je = scale sum_i dS_ij query_ie        dmask_ij = dS_ij

    each summed over the axes along which its argument was broadcast.  P is computed again from the inputs.
    A masked pair passes nothing on to query and key, whatever stands there.  Where dP is so small that it would be rounded to
    subnormal numbers, dP and dS are kept in a wider range, because the product with a large key or query may bring them back.

    >>> q, k, v = np.zeros((1, 2)), np.ones((2, 2)), np.array([[1.0], [4.0]])
    >>> scaled_dot_product_attention_backward(np.array([[1.0]]), q, k, v)[2].ravel()
    array([0.5, 0.5])
    """
    (q, k, v), dtype = _arguments(query, key, value, attn_mask, is_causal)
    c = _scale(scale, q)
    p, seen = _weights(q, k, attn_mask, is_causal, c)
    lead = np.broadcast_shapes(p.shape[:-2], v.shape[:-2])
    dy = cotangent(grad_output, v, (*lead, p.shape[-2], v.shape[-1]))
    dv = multilinear(lambda a, b: sum_to_shape(a.swapaxes(-1, -2) @ b, v.shape), p, dy)
    dp, exponent = in_range(lambda a, b: a @ b.swapaxes(-1, -2), dy, v)
    ds = p * (dp - (p * dp).sum(-1, keepdims=True))
    ds = ds if seen is None else np.where(seen, ds, 0)
    dq = sum_to_shape(chain(c * ds, np.broadcast_to(k, (*ds.shape[:-2], *k.shape[-2:]))), q.shape)
    dk = sum_to_shape(chain(c * ds.swapaxes(-1, -2), np.broadcast_to(q, (*ds.shape[:-2], *q.shape[-2:]))), k.shape)
    if exponent:
        dq, dk, ds = (np.ldexp(a, exponent) for a in (dq, dk, ds))
    dmask = None
    if attn_mask is not None and np.asarray(attn_mask).dtype.kind != "b":
        dmask = rounded(sum_to_shape(ds, np.shape(attn_mask)), np.asarray(attn_mask).dtype)
    return rounded(dq, dtype), rounded(dk, dtype), rounded(dv, dtype), dmask


def _weights(q, k, attn_mask, is_causal, scale):
    """P (*, L, S), and a boolean array of the pairs that are not masked (None: all)."""
    s, exponent = _scores(q, k, scale)
    seen = None
    if is_causal:
        seen = np.tri(*s.shape[-2:], dtype=bool)
    elif attn_mask is not None:
        mask = np.asarray(attn_mask)
        if mask.dtype.kind == "b":
            seen = mask
        else:
            s = s + np.ldexp(mask.astype(s.dtype), -exponent)
            seen = ~np.isneginf(mask.astype(s.dtype))
    s = s if seen is None else np.where(seen, s, s.dtype.type(-np.inf))
    m = s.max(axis=-1, keepdims=True, initial=-np.inf)
    m[np.isneginf(m)] = 0  # no key at all: every exp below is 0, and so is P
    s = s - m
    p = np.exp(np.ldexp(s, exponent) if exponent else s, out=s)
    total = p.sum(axis=-1, keepdims=True)
    total[total == 0] = 1
    p /= total
    return p, seen


def _scores(q, k, scale):
    """scale q k^T as (s, e), the scores being s * 2^e; e is 0 unless they would overflow."""
    s = multilinear(lambda a, b: a @ b.swapaxes(-1, -2), q * q.dtype.type(scale), k)
    if np.isfinite(s).all() or not (np.isfinite(q).all() and np.isfinite(k).all()):
        return s, 0
    parts = [np.frexp(np.abs(a).max(initial=0.0))[1] for a in (q, k)]
    small = [np.ldexp(a, -e) for a, e in zip((q, k), parts, strict=True)]
    return scale * (small[0] @ small[1].swapaxes(-1, -2)), int(sum(parts))


def _scale(scale, q) -> float:
    return 1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else float(scale)


def _arguments(query, key, value, attn_mask, is_causal):
    (q, k, v), dtype = operands(query, key, value, names=("query", "key", "value"))
    if dtype.kind in "iu":
        (q, k, v), dtype = [a.astype(np.float64) for a in (q, k, v)], np.dtype(np.float64)
    fits = min(q.ndim, k.ndim, v.ndim) >= 2 and q.shape[-1] == k.shape[-1] and k.shape[-2] == v.shape[-2]
    if not fits:
        shapes = f"query {q.shape}, key {k.shape} and value {v.shape}"
        raise ValueError(f"Attention got {shapes}, but needs (*, L, E), (*, S, E) and (*, S, V); swap axes.")
    if is_causal and attn_mask is not None:
        raise ValueError("Attention got both `attn_mask` and `is_causal`; give one, or write the causal part into the mask.")
    if attn_mask is not None and np.asarray(attn_mask).dtype.kind in "iu":
        raise TypeError("`attn_mask` has integers, but must be boolean (True: takes part) or float (added); convert it.")
    return (q, k, v), dtype
