"""losses.binary_cross_entropy_with_logits: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: convention, ill-conditioned here, refuses, shared error.
"""

import torch
import torch.nn.functional as F


def candidate(x, target, weight=None, pos_weight=None, reduction="mean"):
    x = torch.tensor(x)
    target = torch.tensor(target)
    return F.binary_cross_entropy_with_logits(
        x,
        target,
        None if weight is None else torch.tensor(weight),
        pos_weight=None if pos_weight is None else torch.tensor(pos_weight),
        reduction=reduction,
    ).numpy()


def candidate_backward(grad_output, x, target, weight=None, pos_weight=None, reduction="mean"):
    x = torch.tensor(x)
    target = torch.tensor(target)
    need = [
        t.requires_grad_()
        for t in (
            x,
            target,
        )
    ]
    y = F.binary_cross_entropy_with_logits(
        x,
        target,
        None if weight is None else torch.tensor(weight),
        pos_weight=None if pos_weight is None else torch.tensor(pos_weight),
        reduction=reduction,
    )
    got = torch.autograd.grad(y, need, torch.tensor(grad_output).to(y.dtype))
    return tuple(g.numpy() for g in got)
