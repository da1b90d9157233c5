"""Learning-rate schedules: pure functions of the step."""

from __future__ import annotations

import numpy as np

__all__ = ["cosine_annealing_lr"]


@np.errstate(all="ignore")
def cosine_annealing_lr(step, *, base_lr: float, T_max: int, eta_min: float = 0.0) -> np.ndarray:
    """The learning rate at a step, falling from `base_lr` to `eta_min` along half a cosine in `T_max` steps, then rising again.

    Equation: lr(t) = eta_min + (base_lr - eta_min) (1 + cos(pi t / T_max)) / 2, for every t = 0, 1, 2, ...: period 2 T_max.

    Stable form: with a = pi t / (2 T_max) it equals base_lr cos(a)^2 + eta_min sin(a)^2.  Nothing cancels near t = T_max,
    where 1 + cos loses all digits.  The step is reduced modulo 2 T_max in integers and reflected into half a period, and
    each of sin and cos is taken of an angle of at most pi/4, so both ends are exact at every multiple of T_max.

    Shapes: step an integer or an array (...) of integers; result float64 (...).

    Special values: none in step; infinite or nan rates spread as the arithmetic has it.

    Raises: TypeError for steps that are not integers; ValueError for negative steps or T_max < 1.

    Source: Loshchilov & Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017), eq. 5 (without the restarts).

    >>> cosine_annealing_lr(np.array([0, 5, 10, 15, 20]), base_lr=1.0, T_max=10).round(12)
    array([1. , 0.5, 0. , 0.5, 1. ])
    """
    t = np.asarray(step)
    if t.dtype.kind not in "iu":
        raise TypeError(f"`step` has dtype {t.dtype}, but must be an integer (or an array of them); count steps from 0.")
    if T_max < 1 or int(T_max) != T_max:
        raise ValueError(f"`T_max` is {T_max}, but must be a positive integer: the number of steps down to eta_min.")
    if t.size and t.min() < 0:
        raise ValueError(f"`step` holds {t.min()}, but must not be negative; count steps from 0.")
    T = int(T_max)
    t = t.astype(np.int64) % (2 * T)
    t = np.minimum(t, 2 * T - t)
    # The smaller of the two angles a and pi/2 - a; its sine and cosine are both accurate.
    small = np.minimum(t, T - t) * (np.pi / 2) / T
    c, s = np.where(2 * t <= T, [np.cos(small), np.sin(small)], [np.sin(small), np.cos(small)])
    return np.asarray(base_lr * c**2 + eta_min * s**2)
