"""Definitions of the losses of yes/no decisions."""

from __future__ import annotations

import numpy as np

from parity.definitions.losses._shared import fixed, reduce, softplus, times
from parity.real import Real

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "multilabel_soft_margin_loss", "soft_margin_loss"]

_at_least_minus_100 = np.frompyfunc(lambda x: x if x.isnan() or x >= -100 else Real(-100), 1, 1)
_at_least_1e_12 = np.frompyfunc(lambda x: x if x.isnan() or x >= 1e-12 else Real(1e-12), 1, 1)


def binary_cross_entropy(x, target, weight=None, reduction="mean"):
    """-[t log x + (1 - t) log(1 - x)] with each logarithm clamped at -100 from below.

    Convention of the op: the slope in x is not that of the clamped formula (which would be 0 where it is clamped) but
    (x - t) / max(x (1 - x), 1e-12), linear in x - t.  It is attached to the value by a term that is zero:
    (x - fixed x) times the slope.
    """
    p = fixed(x)
    e = -(target * _at_least_minus_100(np.log(p)) + (1 - target) * _at_least_minus_100(np.log(1 - p)))
    e = e + (x - p) * ((p - fixed(target)) / _at_least_1e_12(p * (1 - p)))
    return reduce(e if weight is None else weight * e, reduction)


def _two_terms(x, yes, no, weight):
    """yes log(1 + e^-x) + no log(1 + e^x), times the weight: a coefficient that is 0 removes its term."""
    if weight is not None:
        yes, no = weight * yes, weight * no
    return times(yes, softplus(-x)) + times(no, softplus(x))


def binary_cross_entropy_with_logits(x, target, weight=None, pos_weight=None, reduction="mean"):
    """-[p t log sigma(x) + (1 - t) log(1 - sigma(x))], with -log sigma(x) = log(1 + e^-x)."""
    positive = target if pos_weight is None else pos_weight * target
    return reduce(_two_terms(x, positive, 1 - target, weight), reduction)


def soft_margin_loss(x, target, reduction="mean"):
    """log(1 + e^(-y x))."""
    return reduce(softplus(-(target * x)), reduction)


def multilabel_soft_margin_loss(x, target, weight=None, reduction="mean"):
    """The mean over the classes (last axis) of -[t log sigma(x) + (1 - t) log(1 - sigma(x))]."""
    e = _two_terms(x, target, 1 - target, weight)
    return reduce(np.asarray(np.sum(e, axis=-1), object) / x.shape[-1], reduction)
