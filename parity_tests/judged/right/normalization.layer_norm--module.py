"""normalization.layer_norm: right.

Style: an nn.Module class with weight and bias as parameters. Needs: torch.
Limits: extreme range, flushes subnormals, shared error.
"""

import torch


class candidate(torch.nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.axes, self.eps = tuple(range(-len(normalized_shape), 0)), eps
        self.weight = torch.nn.Parameter(torch.ones(normalized_shape))
        self.bias = torch.nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        wide = x.double()
        d = wide - wide.mean(self.axes, keepdim=True)
        y = d * torch.rsqrt(d.square().mean(self.axes, keepdim=True) + self.eps)
        return (y * self.weight + self.bias).to(x.dtype)
