"""init.kaiming_normal: right.

Style: Box-Muller noise, the gains in a table. Needs: numpy.
"""

import math

import numpy as np

GAINS = {"relu": math.sqrt(2), "tanh": 5 / 3, "selu": 3 / 4}


def candidate(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu", dtype=np.float64):
    gain = math.sqrt(2 / (1 + a * a)) if nonlinearity == "leaky_relu" else GAINS.get(nonlinearity, 1.0)
    fan = max(math.prod(shape[1:]) if mode == "fan_in" else shape[0] * math.prod(shape[2:]), 1)
    z = np.sqrt(-2 * np.log1p(-rng.random(shape))) * np.sin(2 * np.pi * rng.random(shape))
    return (z * (gain / math.sqrt(fan))).astype(dtype)
