"""losses.gaussian_nll_loss: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: convention, refuses, shared error.
"""

import torch
import torch.nn.functional as F


def candidate(x, target, var, full=False, eps=1e-6, reduction="mean"):
    x = torch.tensor(x)
    target = torch.tensor(target)
    var = torch.tensor(var)
    return F.gaussian_nll_loss(x, target, var, full=full, eps=eps, reduction=reduction).numpy()


def candidate_backward(grad_output, x, target, var, full=False, eps=1e-6, reduction="mean"):
    x = torch.tensor(x)
    target = torch.tensor(target)
    var = torch.tensor(var)
    need = [
        t.requires_grad_()
        for t in (
            x,
            target,
            var,
        )
    ]
    y = F.gaussian_nll_loss(x, target, var, full=full, eps=eps, reduction=reduction)
    got = torch.autograd.grad(y, need, torch.tensor(grad_output).to(y.dtype))
    return tuple(g.numpy() for g in got)
