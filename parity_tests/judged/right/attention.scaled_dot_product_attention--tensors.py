"""attention.scaled_dot_product_attention: right.

Style: torch matmul and softmax on tensors, differentiated by autograd. Needs: torch.
Limits: convention, shared error.
"""

import torch


def candidate(query, key, value, attn_mask=None, is_causal=False, scale=None):
    q, k, v = query.double(), key.double(), value.double()
    scores = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else scores + attn_mask
    blind = (scores == -torch.inf).all(-1, keepdim=True)
    p = torch.softmax(scores.masked_fill(blind, 0.0), -1).masked_fill(blind, 0.0)
    return (p @ v).to(query.dtype)
