"""normalization.rms_norm: right.

Style: a torch function that takes tensors, differentiated by autograd. Needs: torch.
Limits: shared error.
"""

import torch


def candidate(x, normalized_shape, weight=None, eps=None):
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    if eps is None:
        eps = torch.finfo(wide.dtype).eps
    axes = tuple(range(-len(normalized_shape), 0))
    y = wide * torch.rsqrt(wide.square().mean(axes, keepdim=True) + eps)
    return (y if weight is None else y * weight).to(x.dtype)
