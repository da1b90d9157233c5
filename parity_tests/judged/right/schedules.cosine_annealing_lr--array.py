"""schedules.cosine_annealing_lr: right.

Style: arrays of steps, the half angle in NumPy. Needs: numpy.
Limits: scalar type.
"""

import numpy as np


def candidate(step, *, base_lr, T_max, eta_min=0.0):
    k = np.asarray(step) % (2 * T_max)
    left = np.abs(T_max - k)
    share = np.where(2 * left >= T_max, np.cos(0.5 * np.pi * (T_max - left) / T_max), np.sin(0.5 * np.pi * left / T_max))
    other = np.where(2 * left >= T_max, np.sin(0.5 * np.pi * (T_max - left) / T_max), np.cos(0.5 * np.pi * left / T_max))
    return base_lr * share * share + eta_min * other * other
