"""Right optimizer steps and schedules in other styles: none may be flagged."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import Candidate


class Momentum:
    """Gradient descent written with an object for its state, float64 throughout."""

    def __init__(self, param):
        self.param, self.buffer = param.astype(np.float64), None

    def step(self, g, lr, momentum, dampening, weight_decay, nesterov):
        g = g if weight_decay == 0 else g + weight_decay * self.param
        if momentum != 0:
            self.buffer = g if self.buffer is None else momentum * self.buffer + (1 - dampening) * g
            g = g + momentum * self.buffer if nesterov else self.buffer
        self.param = self.param - lr * g


def sgd_with_object(
    param, grad, state=None, *, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False
):
    state = Momentum(param) if state is None else state
    state.step(np.asarray(grad).astype(np.float64) * (-1 if maximize else 1), lr, momentum, dampening, weight_decay, nesterov)
    return state.param.astype(param.dtype), state


def _textbook_adam(decoupled, default_decay):
    """Adam as the paper prints it, float64 throughout, the parameter kept in the state."""

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
        zeros = np.zeros(np.shape(param))
        t, p, m, v, w = state if state is not None else (0, param.astype(np.float64), zeros, zeros, zeros)
        g = np.asarray(grad).astype(np.float64) * (-1 if maximize else 1)
        if weight_decay != 0:
            p, g = (p * (1 - lr * weight_decay), g) if decoupled else (p, g + weight_decay * p)
        t, m, v = t + 1, betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g**2
        w = np.maximum(w, v) if amsgrad else v
        p = p - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(w / (1 - betas[1] ** t)) + eps)
        return p.astype(param.dtype), (t, p, m, v, w)

    return adam


def cosine_by_half_angle(step, *, base_lr, T_max, eta_min=0.0):
    """cos^2 of half the angle, step by step."""

    def at(t):
        t = min(t % (2 * T_max), 2 * T_max - t % (2 * T_max))
        c = math.cos(math.pi * t / (2 * T_max)) if 2 * t <= T_max else math.sin(math.pi * (T_max - t) / (2 * T_max))
        s = math.sin(math.pi * t / (2 * T_max)) if 2 * t <= T_max else math.cos(math.pi * (T_max - t) / (2 * T_max))
        return base_lr * c * c + eta_min * s * s

    flat = [at(int(t)) for t in np.asarray(step).reshape(-1)]
    return np.array(flat, np.float64).reshape(np.shape(step))


RIGHT = (
    Candidate("optimizers.sgd", "an object for the state", sgd_with_object, dtypes=("float32", "float16")),
    Candidate(
        "optimizers.adam", "the paper's Algorithm 1 in float64", _textbook_adam(False, 0.0), dtypes=("float32", "float16")
    ),
    Candidate(
        "optimizers.adamw", "the paper's Algorithm 2 in float64", _textbook_adam(True, 0.01), dtypes=("float32", "float16")
    ),
    Candidate("schedules.cosine_annealing_lr", "half angles in Python floats", cosine_by_half_angle, dtypes=("float64",)),
)
