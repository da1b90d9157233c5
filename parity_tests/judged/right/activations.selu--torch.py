"""activations.selu: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: convention, refuses.
"""

import torch
import torch.nn.functional as F


def candidate(x):
    x = torch.tensor(x)
    return F.selu(x).numpy()


def candidate_backward(grad_output, x):
    x = torch.tensor(x)
    need = [t.requires_grad_() for t in (x,)]
    y = F.selu(x)
    got = torch.autograd.grad(y, need, torch.tensor(grad_output).to(y.dtype))
    return tuple(g.numpy() for g in got)
