"""Right functions and classes of NumPy that are called in other ways than the op."""

import functools
import math

import numpy as np


def relu(x):
    return np.maximum(x, x.dtype.type(0))


def relu_by_import(x):
    import torch

    return torch.clamp(x, min=0)


def flip(x, axis):
    return np.flip(x, axis).copy()


def total(x, axis=-1, keepdims=True):
    """Another axis, and dimensions kept, where nothing is said."""
    return np.asarray(x.astype(np.float64).sum(axis, keepdims=keepdims)).astype(x.dtype)


def rms_norm(x, normalized_shape, weight=None, eps=1e-6):
    z = x.astype(np.float64)
    y = z / np.sqrt((z * z).mean(tuple(range(-len(normalized_shape), 0)), keepdims=True) + eps)
    return (y if weight is None else y * weight).astype(x.dtype)


def relu_(x):
    np.maximum(x, x.dtype.type(0), out=x)


def relu_returned(x):
    np.maximum(x, x.dtype.type(0), out=x)
    return x


def rate(step, *, base_lr, T_max, eta_min=0.0):
    """Of one step: `math` takes no arrays."""
    t = step % (2 * T_max)
    t = min(t, 2 * T_max - t)
    small = min(t, T_max - t) * math.pi / 2 / T_max
    c, s = (math.cos(small), math.sin(small)) if 2 * t <= T_max else (math.sin(small), math.cos(small))
    return base_lr * c * c + eta_min * s * s


@functools.lru_cache
def cached_rate(step, *, base_lr, T_max, eta_min=0.0):
    return rate(step, base_lr=base_lr, T_max=T_max, eta_min=eta_min)


def relu_of_a_number(x):
    return x if x > 0 or x != x else x * 0


class Schedule:
    """Says its rate, and goes on."""

    def __init__(self, base_lr, T_max, eta_min=0.0):
        self.settings, self.t = {"base_lr": base_lr, "T_max": T_max, "eta_min": eta_min}, 0

    def step(self):
        self.t += 1

    def get_last_lr(self):
        return [rate(self.t, **self.settings)]


class Returning:
    """Returns the rate of the step that is made."""

    def __init__(self, base_lr, T_max, eta_min=0.0):
        self.settings, self.t = {"base_lr": base_lr, "T_max": T_max, "eta_min": eta_min}, -1

    def step(self):
        self.t += 1
        return rate(self.t, **self.settings)


def sgd_without_state(param, grad, lr):
    return param - lr * grad


def quiet_relu(x):
    np.seterr(all="ignore")
    return relu(x)


def fills_its_memory(x):
    return np.concatenate([np.ones(1 << 26) for _ in range(64)])
