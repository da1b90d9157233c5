"""activations.gelu: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: convention, ill-conditioned here, refuses, shared error.
"""

import torch
import torch.nn.functional as F


def candidate(x, approximate="none"):
    x = torch.tensor(x)
    return F.gelu(x, approximate=approximate).numpy()


def candidate_backward(grad_output, x, approximate="none"):
    x = torch.tensor(x)
    need = [t.requires_grad_() for t in (x,)]
    y = F.gelu(x, approximate=approximate)
    got = torch.autograd.grad(y, need, torch.tensor(grad_output).to(y.dtype))
    return tuple(g.numpy() for g in got)
