"""losses.mse_loss: right.

Style: an nn.Module class with the reduction in its constructor. Needs: torch.
Limits: extreme range, shared error.
"""

import torch


class candidate(torch.nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, x, target):
        loss = (x.double() - target.double()).square()
        if self.reduction == "mean":
            loss = loss.mean()
        elif self.reduction == "sum":
            loss = loss.sum()
        return loss.to(x.dtype)
