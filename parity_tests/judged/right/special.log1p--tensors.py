"""special.log1p: right.

Style: a torch function that takes tensors, differentiated by autograd. Needs: torch.
"""

import torch


def candidate(x):
    if x.dtype in (torch.float16, torch.bfloat16):
        return torch.log1p(x.float()).to(x.dtype)
    return torch.log1p(x)
