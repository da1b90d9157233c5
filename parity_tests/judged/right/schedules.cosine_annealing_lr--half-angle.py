"""schedules.cosine_annealing_lr: right.

Style: cos^2 of the half angle. Needs: numpy.
Limits: shared error.
"""

import math


def candidate(step, *, base_lr, T_max, eta_min=0.0):
    return eta_min + (base_lr - eta_min) * math.cos(0.5 * math.pi * step / T_max) ** 2
