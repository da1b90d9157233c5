"""Textbook optimizers over a whole trajectory: `grad` is (T, n), the result the parameter after each of the T steps."""

from __future__ import annotations

import numpy as np
from flint import arb

from parity.definitions._functions import maximum, scaled


def _infinity_kept(x):
    middle = x.value.mid()
    return x if middle.is_finite() or middle.is_nan() else type(x)(middle)


kept = np.frompyfunc(_infinity_kept, 1, 1)
"""An infinity plus an inexact ball is a ball around infinity; this is infinity itself again."""


def _path(params, like):
    return np.array(params, object).reshape(like.shape)


def _sgd(param, grad, lr, momentum, dampening, weight_decay, nesterov, maximize, size=lambda x: x):
    """The trajectory; with `size=abs`, that of the sums of absolute values."""
    p, b, path = size(param), None, []
    for g in grad:
        g = size(-g if maximize else g)
        g = g + weight_decay * p if weight_decay != 0 else g
        if momentum != 0:
            b = g if b is None else kept(momentum * b + (1 - arb(dampening)) * g)
            g = g + momentum * b if nesterov else b
        p = kept(p + lr * g if size is abs else p - lr * g)
        path.append(p)
    return _path(path, grad)


def sgd_scale(param, grad, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False):
    """The trajectory of the absolute values."""
    return _sgd(param, grad, lr, momentum, dampening, weight_decay, nesterov, maximize, abs)


@scaled(sgd_scale)
def sgd(param, grad, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False):
    """Gradient descent with a momentum buffer that starts as the first gradient."""
    return _sgd(param, grad, lr, momentum, dampening, weight_decay, nesterov, maximize)


def _adam(param, grad, lr, betas, eps, coupled, decoupled, amsgrad, maximize):
    """Trajectory and scale: |p_0| plus, for each step, lr times the mean of |g| over the same denominator."""
    beta1, beta2 = map(arb, betas)
    p, m, v, w, size, total = param, 0, 0, None, 0, abs(param)
    path, scale = [], []
    for t, g in enumerate(grad, 1):
        g = -g if maximize else g
        parts = abs(g) + coupled * abs(p) if coupled != 0 else abs(g)
        size = (1 - beta1) * parts + beta1 * size
        g = g + coupled * p if coupled != 0 else g
        m = kept((1 - beta1) * g + beta1 * m)
        v = kept((1 - beta2) * g * g + beta2 * v)
        w = maximum(w, v) if amsgrad and w is not None else v
        denominator = np.sqrt(w / (1 - beta2**t)) + eps
        p = p * (1 - arb(lr) * arb(decoupled)) if decoupled != 0 else p
        p = kept(p - lr * (m / (1 - beta1**t)) / denominator)
        total = total + lr * (size / (1 - beta1**t)) / denominator
        path.append(p)
        scale.append(total)
    return _path(path, grad), _path(scale, grad)


def adam_scale(param, grad, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False):
    """|p_0| and the steps with the mean of |g| in the numerator."""
    return _adam(param, grad, lr, betas, eps, weight_decay, 0.0, amsgrad, maximize)[1]


@scaled(adam_scale)
def adam(param, grad, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False):
    """Kingma & Ba, Algorithm 1, with weight decay in the gradient."""
    return _adam(param, grad, lr, betas, eps, weight_decay, 0.0, amsgrad, maximize)[0]


def adamw_scale(param, grad, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, maximize=False):
    """|p_0| and the steps with the mean of |g| in the numerator."""
    return _adam(param, grad, lr, betas, eps, 0.0, weight_decay, amsgrad, maximize)[1]


@scaled(adamw_scale)
def adamw(param, grad, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, maximize=False):
    """Loshchilov & Hutter, Algorithm 2."""
    return _adam(param, grad, lr, betas, eps, 0.0, weight_decay, amsgrad, maximize)[0]
