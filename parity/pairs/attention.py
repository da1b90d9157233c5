"""Attention, with the three forms of mask: boolean, additive, causal."""

from __future__ import annotations

import numpy as np

from parity import hostile as h
from parity.kinds import Factor, Kind, Mask
from parity.pair import Axis, Pair, Variant, along, with_shapes


# -- hazards -----------------------------------------------------------------------------------------------------------------
def wide(shape, fmt, rng):
    """Scores spread over hundreds: a softmax that is almost a maximum."""
    return h.bell(shape, rng) * 12.0


def equal(shape, fmt, rng):
    """All rows equal: every key ties."""
    return np.broadcast_to(h.bell(shape[-1:], rng), shape).copy()


def blocked(shape, fmt, rng):
    """-inf at some pairs, and at every pair of the first query."""
    mask = np.where(rng.integers(0, 3, size=shape) == 0, -np.inf, h.bell(shape, rng))
    mask[..., 0, :] = -np.inf
    return mask


def first_blind(shape, fmt, rng):
    """The first query may see no key at all."""
    mask = rng.integers(0, 2, size=shape)
    mask[..., 0, :] = 0
    return mask


def last_key_hidden(shape, fmt, rng):
    """Padding: no query may see the last key."""
    mask = np.ones(shape)
    mask[..., -1] = 0
    return mask


# -- calls: the two kinds of mask are two arguments here, and one for every implementation -------------------------------------
def _call(fn, grad, arrays, options):
    """The mask is -inf where not allowed, which is no value of the bias: there the bias has the gradient 0."""
    query, key, value, *masks = arrays
    bias, allowed = (*masks, None, None)[:2]
    both = bias is not None and allowed is not None
    mask = np.where(allowed, bias, np.array(-np.inf, bias.dtype)) if both else allowed if bias is None else bias
    result = fn(*grad, query, key, value, mask, **options)
    if not grad:
        return result
    if both and np.shape(result[-1]) == np.shape(mask):
        result = (*result[:-1], np.where(allowed, result[-1], np.zeros_like(result[-1])))
    return (*result, None)


def _torch(query, key, value, bias=None, allowed=None, is_causal=False, scale=None):
    import torch

    if bias is not None and allowed is not None:
        bias = torch.where(allowed, bias, torch.tensor(-torch.inf, dtype=bias.dtype))
    mask = allowed if bias is None else bias
    return torch.nn.functional.scaled_dot_product_attention(query, key, value, mask, is_causal=is_causal, scale=scale)


def _vectors(name, shape):
    return Factor(name, shape).also(wide=wide, equal=equal)


BIAS = Kind("attn_mask", (3, 5), lambda s, f, r: h.bell(s, r), {m.__name__: m for m in (blocked, h.all_neg_inf_row, h.one_nan)})
ALLOWED = Mask("allowed", (3, 5)).also(first_blind=first_blind, last_key_hidden=last_key_hidden)
NO_BIAS, BIAS_ONLY, NO_MASK = ({"_absent": names} for names in (("attn_mask",), ("allowed",), ("attn_mask", "allowed")))

PAIRS = (
    Pair(
        "attention.scaled_dot_product_attention",
        (_vectors("query", (1, 3, 4)), _vectors("key", (1, 5, 4)), _vectors("value", (1, 5, 2)), BIAS, ALLOWED),
        torch=_torch,
        call=_call,
        variants=(
            Variant(NO_MASK, name="no_mask", condition="an absent array"),
            Variant(NO_BIAS, name="boolean_mask"),
            Variant(BIAS_ONLY, name="additive_mask"),
            Variant({"is_causal": True, **NO_MASK}, name="causal", condition="an absent array"),
            Variant({"scale": 2.5, **NO_MASK}, name="scale=2.5", condition="an absent array"),
            Variant({"scale": 0.125, **BIAS_ONLY}, name="scale=0.125"),
            with_shapes(
                "causal_tall",
                {"is_causal": True, **NO_MASK},
                condition="an absent array",
                query=(1, 6, 4),
                key=(1, 3, 4),
                value=(1, 3, 2),
            ),
            with_shapes(
                "heads",
                BIAS_ONLY,
                condition="several batch axes",
                query=(2, 2, 2, 3),
                key=(2, 2, 3, 3),
                value=(2, 2, 3, 1),
                attn_mask=(2, 1, 2, 3),
            ),
            with_shapes("mask_of_keys", condition="broadcasting", attn_mask=(1, 5), allowed=(1, 5)),
            with_shapes("two_axes", BIAS_ONLY, condition="no batch axis", query=(3, 4), key=(5, 4), value=(5, 2)),
            with_shapes("one_key", NO_MASK, condition="an absent array", key=(1, 1, 4), value=(1, 1, 2)),
            with_shapes("long", NO_MASK, condition="an absent array", query=(1, 1, 2), key=(1, 200, 2), value=(1, 200, 1)),
            with_shapes("no_queries", condition="empty arrays", query=(1, 0, 4), attn_mask=(0, 5), allowed=(0, 5)),
            with_shapes("no_keys", NO_MASK, condition="empty arrays", key=(1, 0, 4), value=(1, 0, 2)),
        ),
        longest=300,
        axes=(
            along(query=("n", 1, 2), key=("n", 2, 2), value=("n", 2, 1), attn_mask=(1, 2), allowed=(1, 2)),
            along(query=(1, "n", 2), key=(1, 2, 2), value=(1, 2, 1), attn_mask=("n", 2), allowed=("n", 2)),
            along(query=(1, 1, 2), key=(1, "n", 2), value=(1, "n", 1), attn_mask=(1, "n"), allowed=(1, "n")),
            along(query=(1, 2, "n"), key=(1, 2, "n"), value=(1, 2, 1), attn_mask=(2, 2), allowed=(2, 2)),
            along(query=(1, 2, 2), key=(1, 2, 2), value=(1, 2, "n"), attn_mask=(2, 2), allowed=(2, 2)),
            Axis(
                {"query": (1, "n", 1), "key": (1, "n", 1), "value": (1, "n", 1)},
                {"is_causal": True},
                ("attn_mask", "allowed"),
                130,
            ),
            Axis(
                {"query": (1, "n", 1), "key": (1, "n+3", 1), "value": (1, "n+3", 1)},
                {"is_causal": True},
                ("attn_mask", "allowed"),
                60,
            ),
        ),
    ),
)
