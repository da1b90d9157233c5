"""schedules.cosine_annealing_lr: right.

Style: the step reflected into one half period, cos^2 and sin^2 of small angles. Needs: numpy.
"""

import math


def candidate(step, *, base_lr, T_max, eta_min=0.0):
    k = int(step) % (2 * T_max)
    k = min(k, 2 * T_max - k)
    if 2 * k <= T_max:
        low = math.sin(0.5 * math.pi * k / T_max) ** 2
        return base_lr * (1 - low) + eta_min * low
    high = math.sin(0.5 * math.pi * (T_max - k) / T_max) ** 2
    return base_lr * high + eta_min * (1 - high)
