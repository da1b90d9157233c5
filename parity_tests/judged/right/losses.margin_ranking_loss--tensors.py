"""losses.margin_ranking_loss: right.

Style: a torch function that takes tensors, differentiated by autograd. Needs: torch.
Limits: convention, shared error, signed zero.
"""

import torch


def candidate(input1, input2, target, margin=0.0, reduction="mean"):
    a, b, y = input1.double(), input2.double(), target.double()
    loss = torch.relu(margin - y * (a - b))
    if reduction == "mean":
        loss = loss.mean()
    elif reduction == "sum":
        loss = loss.sum()
    return loss.to(input1.dtype)
