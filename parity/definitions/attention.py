"""Attention, as defined: values averaged with the softmax of scaled products as weights."""

from __future__ import annotations

import numpy as np
from flint import arb

from parity.definitions._functions import inf, isfinite, ratio, scaled, where


def _masked(scores, attn_mask, allowed, is_causal):
    """A float mask is added to the scores; where a boolean one (or causality) does not allow a pair, its score is -inf."""
    if is_causal:
        allowed = np.tri(*scores.shape[-2:], dtype=bool)
    scores = scores if attn_mask is None else scores + attn_mask
    return scores if allowed is None else np.where(allowed, scores, type(scores.flat[0])(-inf) if scores.size else 0)


def _scores(query, key, scale):
    scale = 1 / arb(max(query.shape[-1], 1)).sqrt() if scale is None else scale
    return np.matmul(query, np.swapaxes(key, -1, -2)) * scale


def _offset(row):
    """A number near the largest of the row, as a constant: it cancels from the softmax and only keeps exponents small."""
    best = arb.neg_inf()
    for v in (entry.value for entry in row):
        middle = v.mid() if v.is_finite() else v
        best = middle if middle > best else best
    return best if best > arb.neg_inf() else arb(0)


def _softmax(s):
    """exp(s) / sum exp(s) along rows; a row without any key is 0, not 0/0."""
    if s.size == 0:
        return s
    rows = s.reshape(-1, s.shape[-1])
    p = np.empty(rows.shape, object)
    for row, out in zip(rows, p, strict=True):
        e = np.exp(row - _offset(row))
        total = e.sum()
        out[:] = 0 * e if all(v == -inf for v in row) else e / total
    return p.reshape(s.shape)


def _weights(query, key, attn_mask, allowed, is_causal, scale):
    return _softmax(_masked(_scores(query, key, scale), attn_mask, allowed, is_causal))


# -- scales ----------------------------------------------------------------------------------------------------------------
def _bounds(query, key, attn_mask, allowed, is_causal, scale):
    """A bound of P, and of its error in units of u: P_ij (1 + A_ij + sum_k P_ik A_ik).

    A_ij = scale sum_e |q_ie k_je| + |mask_ij| bounds the error of a score, which is a relative one of P.  Where u A is not
    small against 1, another key may win: P is bounded over scores moved by A 2^-20, which multiplies the odds P/(1-P).
    """
    p = _weights(query, key, attn_mask, allowed, is_causal, scale)
    a = _scores(abs(query), abs(key), None if scale is None else abs(scale))
    if attn_mask is not None:
        a = a + where(isfinite(attn_mask), abs(attn_mask), 0)
    if p.size == 0:
        return p, p
    odds = np.exp((a + a.sum(-1, keepdims=True)) * ratio(1, 2**20))
    p = p * odds / (1 - p + p * odds)
    return p, p * (1 + a + (p * a).sum(-1, keepdims=True))


def _transposed(a):
    return np.swapaxes(a, -1, -2)


def _fold(a, like):
    """The sum over the axes along which `like` was broadcast."""
    a = a.sum(tuple(range(a.ndim - like.ndim))) if a.ndim > like.ndim else a
    axes = tuple(i for i, n in enumerate(like.shape) if n == 1 and a.shape[i] != 1)
    return a.sum(axes, keepdims=True) if axes else a


def scaled_dot_product_attention_scale(query, key, value, attn_mask=None, allowed=None, is_causal=False, scale=None):
    return np.matmul(_bounds(query, key, attn_mask, allowed, is_causal, scale)[1], abs(value))


def scaled_dot_product_attention_backward_scale(
    grad_output, query, key, value, attn_mask=None, allowed=None, is_causal=False, scale=None
):
    p, error = _bounds(query, key, attn_mask, allowed, is_causal, scale)
    c = (1 / arb(max(query.shape[-1], 1)).sqrt()) if scale is None else abs(scale)
    dp = np.matmul(abs(grad_output), _transposed(abs(value)))
    ds = error * (dp + (p * dp).sum(-1, keepdims=True)) + p * (error * dp).sum(-1, keepdims=True)
    dq, dk = np.matmul(ds, abs(key)) * c, np.matmul(_transposed(ds), abs(query)) * c
    dv = np.matmul(_transposed(error), abs(grad_output))
    dmask = _fold(ds, attn_mask) if attn_mask is not None else None
    return _fold(dq, query), _fold(dk, key), _fold(dv, value), dmask, None


@scaled(scaled_dot_product_attention_scale, scaled_dot_product_attention_backward_scale)
def scaled_dot_product_attention(query, key, value, attn_mask=None, allowed=None, is_causal=False, scale=None):
    return np.matmul(_weights(query, key, attn_mask, allowed, is_causal, scale), value)
