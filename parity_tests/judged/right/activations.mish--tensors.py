"""activations.mish: right.

Style: a torch function that takes tensors, differentiated by autograd. Needs: torch.
Limits: convention, extreme range, ill-conditioned here, shared error.
"""

import torch
import torch.nn.functional as F


def candidate(x):
    wide = x.double()
    return (wide * torch.tanh(F.softplus(wide, threshold=50.0))).to(x.dtype)
