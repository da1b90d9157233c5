"""reductions.mean: right.

Style: a torch function that takes tensors, differentiated by autograd. Needs: torch.
Limits: shared error.
"""

import torch


def candidate(x, axis=None, keepdims=False):
    if axis is None:
        axis = tuple(range(x.dim()))
    return torch.mean(x, dim=axis, keepdim=keepdims)
