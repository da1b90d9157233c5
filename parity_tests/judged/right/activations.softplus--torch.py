"""activations.softplus: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: refuses, shared error.
"""

import torch
import torch.nn.functional as F


def candidate(x, beta=1.0, threshold=20.0):
    x = torch.tensor(x)
    return F.softplus(x, beta, threshold).numpy()


def candidate_backward(grad_output, x, beta=1.0, threshold=20.0):
    x = torch.tensor(x)
    need = [t.requires_grad_() for t in (x,)]
    y = F.softplus(x, beta, threshold)
    got = torch.autograd.grad(y, need, torch.tensor(grad_output).to(y.dtype))
    return tuple(g.numpy() for g in got)
