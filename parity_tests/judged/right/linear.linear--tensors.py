"""linear.linear: right.

Style: a torch function that takes tensors, differentiated by autograd. Needs: torch.
Limits: extreme range, shared error.
"""

import torch


def candidate(x, weight, bias=None):
    wide = torch.promote_types(x.dtype, torch.float32)
    y = torch.matmul(x.to(wide), weight.to(wide).t())
    return (y if bias is None else y + bias).to(x.dtype)
