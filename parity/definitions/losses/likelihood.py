"""Definitions of the likelihoods of counts and measurements, and of the divergence of two distributions."""

from __future__ import annotations

import math

import numpy as np

from parity.definitions._functions import log2pi, pi, scaled
from parity.definitions.losses._shared import absolute, reduce, times
from parity.real import INF, NAN, NEG_INF, ONE, ZERO, Real

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]


def _reduce_kl(e, x, reduction):
    n = (x.shape[0] if np.ndim(x) else 1) if reduction == "batchmean" else None
    return reduce(e, "mean" if reduction == "batchmean" else reduction, n)


def _t_log_t(t):
    """t log t, continued by 0 at t = 0, where its slope is -inf."""
    return Real(ZERO, ((t, NEG_INF),)) if t == 0 else t * t.log()


def _exp_times(s, x):
    """e^s (s - x), continued by 0 at s = -inf."""
    if s == -math.inf and not x.isnan():
        return Real(ZERO, ((s, ZERO), (x, ZERO)))
    return s.exp() * (s - x)


def kl_div_scale(x, target, log_target=False, reduction="mean"):
    """t (|log t| + |x|), reduced."""
    t = np.frompyfunc(lambda s: s.exp(), 1, 1)(target) if log_target else target
    log_t = absolute(target) if log_target else _abs_log(target)
    return _reduce_kl(times(absolute(t), log_t + absolute(x)), x, reduction)


_abs_log = np.frompyfunc(lambda t: Real(0) if t == 0 else abs(t.log()) if t > 0 else t * NAN, 1, 1)


@scaled(forward=kl_div_scale)
def kl_div(x, target, log_target=False, reduction="mean"):
    """t (log t - x), t = 0 counting 0; with `log_target` e^s (s - x)."""
    if log_target:
        return _reduce_kl(np.frompyfunc(_exp_times, 2, 1)(target, x), x, reduction)
    return _reduce_kl(np.frompyfunc(_t_log_t, 1, 1)(target) - times(target, x), x, reduction)


def _poisson_of_log(x, t):
    """e^x - t x; at x = inf the exponential wins against any finite t."""
    if x == math.inf and t.isfinite():
        return Real(INF, ((x, INF), (t, NEG_INF)))
    return x.exp() - times(t, x)


def _poisson_of_rate(eps):
    def loss(x, t):
        if x == math.inf and t.isfinite():
            return Real(INF, ((x, ONE), (t, NEG_INF)))
        return x - times(t, (x + eps).log())

    return loss


def _stirling(t):
    """Stirling's approximation of log t! where t > 1, and 0 elsewhere: a convention of the op."""
    if t.isnan():
        return t * NAN
    if t == math.inf:
        return Real(INF, ((t, INF),))
    return t * t.log() - t + (2 * pi() * t).log() / 2 if t > 1 else Real(0)


def poisson_nll_loss_scale(x, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """The sum of the absolute values of the terms, reduced."""
    terms = np.frompyfunc(lambda x, t: x.exp() + abs(times(t, x)), 2, 1)
    if not log_input:
        terms = np.frompyfunc(lambda x, t: abs(x) + abs(times(t, (x + eps).log())), 2, 1)
    e = terms(x, target)
    if full:
        e = e + np.frompyfunc(lambda t: abs(t * t.log()) + t + abs((2 * pi() * t).log()) / 2 if t > 1 else Real(0), 1, 1)(
            target
        )
    return reduce(e, reduction)


@scaled(forward=poisson_nll_loss_scale)
def poisson_nll_loss(x, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """e^x - t x, or x - t log(x + eps); `full` adds Stirling's t log t - t + log(2 pi t)/2 where t > 1."""
    e = np.frompyfunc(_poisson_of_log if log_input else _poisson_of_rate(eps), 2, 1)(x, target)
    return reduce(e + np.frompyfunc(_stirling, 1, 1)(target) if full else e, reduction)


def _per_row(x, var):
    """A variance that lacks the last axis of x holds for every row."""
    return var[..., None] if var.shape != x.shape and var.shape == x.shape[:-1] else var


def _straight_through(eps):
    """max(var, eps) whose derivative is 1 everywhere: a convention of the op."""
    return np.frompyfunc(lambda v: Real(eps, ((v, ONE),)) if v < eps else v, 1, 1)


def gaussian_nll_loss_scale(x, target, var, full=False, eps=1e-6, reduction="mean"):
    """(|log v| + (x - t)^2 / v) / 2, reduced."""
    v = _straight_through(eps)(_per_row(x, var))
    d = x - target
    e = (absolute(np.log(v)) + d * (d / v)) / 2
    return reduce(e + Real(log2pi() / 2) if full else e, reduction)


@scaled(forward=gaussian_nll_loss_scale)
def gaussian_nll_loss(x, target, var, full=False, eps=1e-6, reduction="mean"):
    """[log v + (x - t)^2 / v] / 2 with v = max(var, eps); `full` adds log(2 pi)/2."""
    v = _straight_through(eps)(_per_row(x, var))
    d = x - target
    e = (np.log(v) + d * (d / v)) / 2
    return reduce(e + Real(log2pi() / 2) if full else e, reduction)
