"""Definitions of the losses of one class out of C."""

from __future__ import annotations

import math

import numpy as np

from parity.definitions._functions import maximum, scaled
from parity.definitions.losses._shared import absolute, fixed, reduce, times
from parity.real import INF, ONE, Real

__all__ = ["cross_entropy", "cross_entropy_probabilities", "nll_loss"]


def _rows(x):
    """x as a matrix with one row of C classes for each loss."""
    c = x.shape[0 if x.ndim == 1 else 1]
    return np.moveaxis(x, 0 if x.ndim == 1 else 1, -1).reshape(-1, c)


def _back(rows, x):
    """The matrix `rows` in the layout of x."""
    if x.ndim == 1:
        return rows.reshape(x.shape)
    return np.moveaxis(rows.reshape(x.shape[:1] + x.shape[2:] + x.shape[1:2]), -1, 1)


def _objects(values, shape):
    out = np.empty(len(values), object)
    out[:] = values
    return out.reshape(shape)


def _weight_of(weight, t):
    return Real(1) if weight is None else weight[t]


def _labels(target, ignore_index):
    return [None if t == ignore_index else int(t) for t in np.ravel(target)]


def _total_weight(labels, weight):
    return Real(0) + sum((_weight_of(weight, t) for t in labels if t is not None), Real(0))


def nll_loss_scale(x, target, weight=None, ignore_index=-100, reduction="mean"):
    """The loss with absolute values of its terms."""
    return absolute(np.asarray(nll_loss(-absolute(x), target, weight, ignore_index, reduction), object))


@scaled(forward=nll_loss_scale)
def nll_loss(x, target, weight=None, ignore_index=-100, reduction="mean"):
    """-w_t x_t, 0 for ignored labels; the mean divides by the sum of the weights of the labels that count."""
    labels = _labels(target, ignore_index)
    e = [Real(0) if t is None else -(_weight_of(weight, t) * row[t]) for row, t in zip(_rows(x), labels, strict=True)]
    return reduce(_objects(e, np.shape(target)), reduction, _total_weight(labels, weight))


def _minus_log_softmax(row):
    """-log p_c = log(sum_j e^(x_j - m)) - (x_c - m); m = max x is a constant here, since p does not depend on it."""
    z = row - fixed(maximum.reduce(row))
    return _exactly_infinite(-z + np.log(np.sum(np.exp(z))), z)


_exactly_infinite = np.frompyfunc(lambda y, z: Real(INF, ((y, ONE),)) if z == -math.inf and not y.isnan() else y, 2, 1)
"""inf + a ball is a ball of infinite radius: for a logit of -inf, the loss is exactly inf."""


def _coefficients(x, target, weight, ignore_index, label_smoothing):
    """q_nc, the coefficient of -log p_nc in the loss of row n (None for an ignored row), and the divisor of the mean."""
    classes = x.shape[0 if x.ndim == 1 else 1]
    share, keep = label_smoothing / Real(classes), 1 - Real(label_smoothing)
    w = np.array([_weight_of(weight, c) for c in range(classes)], object)
    if target.dtype == object:
        return [(t * keep + share) * w for t in _rows(target)], x.size // classes
    labels = _labels(target, ignore_index)
    one = np.eye(classes, dtype=int)
    return [None if t is None else one[t] * (keep * w[t]) + w * share for t in labels], _total_weight(labels, weight)


def _nlp_scale(row):
    """-log p_c + sum_j p_j |x_j - x_c|: the loss of class c and what rounding the differences of logits may change in it."""
    nlp = _minus_log_softmax(row)
    x, p = _floats(row) / 2, _floats(np.exp(-nlp))  # halves, whose differences do not overflow
    known = np.isfinite(x)
    gaps = np.where(known[:, None] & known, np.abs(x[:, None] - x), 0.0)
    return nlp + 2 * _objects([Real(v) for v in p @ gaps], len(row))


def _floats(row):
    return np.array([float(v) for v in row])


def cross_entropy_scale(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """sum_c q_c (-log p_c + sum_j p_j |x_j - x_c|), reduced."""
    return _cross_entropy(_nlp_scale, x, target, weight, ignore_index, label_smoothing, reduction)


def cross_entropy_backward_scale(grad_output, x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """For x: |c| (p_j k_j sum_{c != j} q_c + q_j sum_{c != j} p_c k_c) with k_j = 1 + |x_j - m| + sum_i p_i |x_i - m|.

    That is the exact gradient with both its terms taken positive, each p_j with what rounding x_j - m may change in it.
    For a target of probabilities and for the weights: the forward's scale of -log p_c times their coefficients.
    """
    q, divisor = _coefficients(x, target, weight, ignore_index, label_smoothing)
    rows = _rows(x)
    c = absolute(
        np.broadcast_to(np.asarray(grad_output, object), (len(rows),)) if np.ndim(grad_output) == 0 else _flat(grad_output)
    )
    c = c / divisor if reduction == "mean" else c
    dx = [_slope_scale(r, None if s is None else absolute(s)) * g for r, s, g in zip(rows, q, c, strict=True)]
    dx = _back(np.array(dx, object).reshape(rows.shape), x)
    if target.dtype != object:
        return dx, None, None
    classes, keep = rows.shape[1], 1 - Real(label_smoothing)
    nlp = np.array([_nlp_scale(r) * g for r, g in zip(rows, c, strict=True)], object).reshape(rows.shape)
    w = np.array([abs(_weight_of(weight, k)) for k in range(classes)], object)
    dw = np.sum(times(absolute(_rows(target)) * keep + label_smoothing / Real(classes), nlp), axis=0)
    return dx, _back(nlp * (w * keep), x), None if weight is None else dw


def _flat(grad_output):
    return np.asarray(grad_output, object).reshape(-1)


def _slope_scale(row, q):
    if q is None:
        return np.array([Real(0)] * len(row), object)
    p = np.exp(-_minus_log_softmax(row))
    m = maximum.reduce(row)
    gap = np.array([abs(x - m) if x.isfinite() and m.isfinite() else Real(0) for x in row], object)
    pk = p * (1 + gap + np.sum(p * gap))
    others = 1 - np.eye(len(row), dtype=int)
    return pk * (others @ q) + q * (others @ pk)


def _cross_entropy(minus_log_p, x, target, weight, ignore_index, label_smoothing, reduction):
    q, divisor = _coefficients(x, target, weight, ignore_index, label_smoothing)
    e = [Real(0) if s is None else np.sum(_terms(s, minus_log_p(row))) for row, s in zip(_rows(x), q, strict=True)]
    shape = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    return reduce(_objects(e, shape), reduction, divisor)


def _terms(q, nlp):
    return times(q, nlp)


@scaled(forward=cross_entropy_scale, backward=cross_entropy_backward_scale)
def cross_entropy(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """-sum_c q_c log softmax(x)_c.

    With class indices, q = (1 - s) w_t [c = t] + (s/C) w_c, 0 for ignored rows, and the mean divides by the sum of the w_t;
    with class probabilities t, q = w_c ((1 - s) t_c + s/C), and the mean divides by the number of rows.
    """
    return _cross_entropy(_minus_log_softmax, x, target, weight, ignore_index, label_smoothing, reduction)


@scaled(forward=cross_entropy_scale, backward=cross_entropy_backward_scale)
def cross_entropy_probabilities(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """`cross_entropy` with class probabilities: the same formula, judged on other targets."""
    return _cross_entropy(_minus_log_softmax, x, target, weight, ignore_index, label_smoothing, reduction)
