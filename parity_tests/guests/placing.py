"""Right functions and classes whose parameters stand elsewhere than the op's, or are fewer."""

import numpy as np


def _mean(d, reduction):
    return d if reduction == "none" else np.asarray(d.sum() if reduction == "sum" else d.sum() / d.size, d.dtype)


def mse(x, target, reduction="mean"):
    return _mean((x - target) ** 2, reduction)


def swapped(other, x):
    """x log(other)"""
    x64, y64 = x.astype(np.float64), other.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.where(x64 == 0, np.where(np.isnan(y64), np.nan, 0), x64 * np.log(y64)).astype(x.dtype)


def abbreviated(x, y, red="mean"):
    return mse(x, y, red)


class Squared:
    def __call__(self, x, target):
        return mse(x, target)

    def backward(self, grad_output, x, target):
        d = (2 * grad_output / x.size * (x.astype(np.float64) - target)).astype(x.dtype)
        return d, -d


class Reduced:
    def __call__(self, x, target, reduction="mean"):
        return mse(x, target, reduction)


class Huber:
    def __init__(self, delta=1.0):
        self.delta = delta

    def __call__(self, x, target):
        d = np.abs(x.astype(np.float64) - target)
        loss = np.where(d <= self.delta, d * d / 2, self.delta * (d - self.delta / 2))
        return np.asarray(loss.sum() / loss.size, x.dtype)


def linear(x, w, b):
    return (x.astype(np.float64) @ w.astype(np.float64).T + b).astype(x.dtype)


def negated(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    import torch

    return -torch.nn.functional.mse_loss(input, target, reduction=reduction, weight=weight)
