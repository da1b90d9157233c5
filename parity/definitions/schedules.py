"""Textbook definitions of learning-rate schedules."""

from __future__ import annotations

import numpy as np
from flint import arb, fmpq

from parity.real import Real


def cosine_annealing_lr(step, base_lr, T_max, eta_min=0.0):
    """Half a cosine from base_lr to eta_min, period 2 T_max."""

    def at(t):
        whole = not isinstance(t, Real)
        turn = arb.cos_pi_fmpq(fmpq(int(t), T_max)) if whole else (t.value / T_max).cos_pi()
        return arb(eta_min) + (arb(base_lr) - arb(eta_min)) * (1 + turn) / 2

    flat = np.asarray(step).reshape(-1)
    return np.array([at(t) for t in flat], object).reshape(np.shape(step))
