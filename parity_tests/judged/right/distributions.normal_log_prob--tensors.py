"""distributions.normal_log_prob: right.

Style: the formula on tensors, differentiated by autograd. Needs: torch.
Limits: shared error.
"""

import math

import torch


def candidate(value, loc, scale):
    wide = torch.float64
    s = scale.to(wide)
    z = (value.to(wide) - loc.to(wide)) / s
    return (-0.5 * z * z - torch.log(s) - 0.5 * math.log(2 * math.pi)).to(value.dtype)
