"""init.kaiming_normal: right.

Style: rng.normal with the standard deviation, gains from torch. Needs: torch.
"""

import math

import numpy as np
import torch


def candidate(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu", dtype=np.float64):
    rest = math.prod(shape[2:])
    fan = (shape[1] if mode == "fan_in" else shape[0]) * rest
    gain = torch.nn.init.calculate_gain(nonlinearity, a)
    return rng.normal(0.0, gain / math.sqrt(fan) if fan else 1.0, size=shape).astype(dtype)
