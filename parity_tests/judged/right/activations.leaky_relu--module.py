"""activations.leaky_relu: right.

Style: an nn.Module class with the slope in its constructor. Needs: torch.
Limits: convention.
"""

import torch


class candidate(torch.nn.Module):
    def __init__(self, negative_slope=0.01):
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, x):
        return torch.where(x > 0, x, self.negative_slope * x)
