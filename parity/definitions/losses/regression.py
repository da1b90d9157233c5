"""Definitions of the losses of a difference."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import where
from parity.definitions.losses._shared import absolute, reduce

__all__ = ["huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]


def _weighted_mean(e, weight, reduction):
    """The weighted mean divides by the sum of the weights."""
    return reduce(e, reduction) if weight is None else reduce(weight * e, reduction, np.sum(weight))


def mse_loss(x, target, weight=None, reduction="mean"):
    """(x - t)^2."""
    d = x - target
    return _weighted_mean(d * d, weight, reduction)


def l1_loss(x, target, weight=None, reduction="mean"):
    """|x - t|."""
    return _weighted_mean(absolute(x - target), weight, reduction)


def smooth_l1_loss(x, target, reduction="mean", beta=1.0):
    """d^2 / (2 beta) inside |d| < beta, |d| - beta/2 outside."""
    d = absolute(x - target)
    if beta == 0:
        return reduce(d, reduction)
    return reduce(where(d < beta, d * d / beta / 2, d - np.float64(beta) / 2), reduction)


def huber_loss(x, target, weight=None, reduction="mean", delta=1.0):
    """d^2/2 inside |d| <= delta, delta (|d| - delta/2) outside; weights multiply, the mean divides by the number."""
    d = absolute(x - target)
    e = where(d <= delta, d * d / 2, delta * (d - np.float64(delta) / 2))
    return reduce(e if weight is None else weight * e, reduction)
