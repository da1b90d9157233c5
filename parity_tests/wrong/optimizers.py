"""Wrong optimizer steps and schedules: most are right at the first step, or with default options."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import Candidate

DOUBLE, SINGLE = ("float64",), ("float32",)
"""Adam is judged in float32, where the float64 arithmetic of these steps is right but for the stated fault."""


def _start(param, grad, maximize):
    p, g = np.asarray(param).astype(np.float64), np.asarray(grad).astype(np.float64)
    return p, -g if maximize else g


def _sgd(dampen_first=False, damp=True, nesterov_known=True, decay_sign=1.0, climbs=True):
    """A step of gradient descent with one part of it wrong."""

    def sgd(param, grad, state=None, *, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False):
        p, g = _start(param, grad, maximize and climbs)
        if weight_decay != 0:
            g = g + decay_sign * weight_decay * p
        if momentum != 0:
            weight = 1 - dampening if damp else 1.0
            state = momentum * state + weight * g if state is not None else g * (weight if dampen_first else 1.0)
            g = g + momentum * state if nesterov and nesterov_known else state
        return (p - lr * g).astype(param.dtype), state

    return sgd


def sgd_in_place(
    param, grad, state=None, *, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False
):
    param -= (lr * grad).astype(param.dtype)
    return param, state


def _adam(
    decoupled, default_decay, *, corrected=True, eps_at="end", decay_known=True, amsgrad_known=True, climbs=True, power=0.5
):
    """A step of Adam in float64, the parameter kept in the state, with one part of it wrong."""

    def adam(
        param,
        grad,
        state=None,
        *,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=default_decay,
        amsgrad=False,
        maximize=False,
    ):
        p, g = _start(param, grad, maximize and climbs)
        t, p, m, v, w = state if state is not None else (0, p, 0 * g, 0 * g, 0 * g)
        if weight_decay != 0 and decay_known:
            p, g = (p * (1 - lr * weight_decay), g) if decoupled else (p, g + weight_decay * p)
        t, m, v = t + 1, betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
        w = np.maximum(w, v) if amsgrad and amsgrad_known else v
        c1, c2 = (1 - betas[0] ** t, 1 - betas[1] ** t) if corrected else (1.0, 1.0)
        d = {"end": (w / c2) ** power + eps, "root": (w / c2 + eps) ** power, "moment": (w**power + eps) / c2**power}[eps_at]
        p = p - lr * (m / c1) / d
        return p.astype(param.dtype), (t, p, m, v, w)

    return adam


def cosine_stops_at_T_max(step, *, base_lr, T_max, eta_min=0.0):
    t = np.minimum(step, T_max)
    return eta_min + (base_lr - eta_min) * (1 + np.cos(np.pi * t / T_max)) / 2


def cosine_restarts(step, *, base_lr, T_max, eta_min=0.0):
    t = np.asarray(step) % T_max
    return eta_min + (base_lr - eta_min) * (1 + np.cos(np.pi * t / T_max)) / 2


def cosine_whole_turn(step, *, base_lr, T_max, eta_min=0.0):
    return eta_min + (base_lr - eta_min) * (1 + np.cos(2 * np.pi * np.asarray(step) / T_max)) / 2


def cosine_onto_eta_min(step, *, base_lr, T_max, eta_min=0.0):
    """Adds eta_min on top instead of ending there."""
    return eta_min + base_lr * (1 + np.cos(np.pi * np.asarray(step) / T_max)) / 2


WRONG = (
    Candidate("optimizers.sgd", "dampening at the first step", _sgd(dampen_first=True)),
    Candidate("optimizers.sgd", "forgets dampening", _sgd(damp=False)),
    Candidate("optimizers.sgd", "forgets nesterov", _sgd(nesterov_known=False)),
    Candidate("optimizers.sgd", "weight decay of the wrong sign", _sgd(decay_sign=-1.0)),
    Candidate("optimizers.sgd", "forgets maximize", _sgd(climbs=False)),
    Candidate("optimizers.sgd", "writes into the parameter", sgd_in_place),
    Candidate("optimizers.adam", "no bias correction", _adam(False, 0.0, corrected=False), dtypes=SINGLE),
    Candidate("optimizers.adam", "eps under the root", _adam(False, 0.0, eps_at="root"), dtypes=SINGLE),
    Candidate("optimizers.adam", "eps before the bias correction", _adam(False, 0.0, eps_at="moment"), dtypes=SINGLE),
    Candidate("optimizers.adam", "weight decay decoupled", _adam(True, 0.0), dtypes=SINGLE),
    Candidate("optimizers.adam", "forgets amsgrad", _adam(False, 0.0, amsgrad_known=False), dtypes=SINGLE),
    Candidate("optimizers.adam", "forgets maximize", _adam(False, 0.0, climbs=False), dtypes=SINGLE),
    Candidate("optimizers.adam", "divides by the mean square", _adam(False, 0.0, power=1.0), dtypes=SINGLE),
    Candidate("optimizers.adamw", "weight decay in the gradient", _adam(False, 0.01), dtypes=SINGLE),
    Candidate("optimizers.adamw", "forgets weight decay", _adam(True, 0.01, decay_known=False), dtypes=SINGLE),
    Candidate("optimizers.adamw", "weight decay of the wrong default", _adam(True, 0.0), dtypes=SINGLE),
    Candidate("optimizers.adamw", "forgets amsgrad", _adam(True, 0.01, amsgrad_known=False), dtypes=SINGLE),
    Candidate("optimizers.adamw", "no bias correction", _adam(True, 0.01, corrected=False), dtypes=SINGLE),
    Candidate("schedules.cosine_annealing_lr", "stops at T_max", cosine_stops_at_T_max, dtypes=DOUBLE),
    Candidate("schedules.cosine_annealing_lr", "restarts after T_max", cosine_restarts, dtypes=DOUBLE),
    Candidate("schedules.cosine_annealing_lr", "a whole turn in T_max", cosine_whole_turn, dtypes=DOUBLE),
    Candidate("schedules.cosine_annealing_lr", "eta_min added on top", cosine_onto_eta_min, dtypes=DOUBLE),
)
