"""Negative log-likelihoods of counts and of measurements, and the divergence between two distributions."""

from __future__ import annotations

import math

import numpy as np

from npimpl._axes import broadcast_shape
from npimpl.losses._numerics import balanced, log_plus, product, weighted_difference
from npimpl.losses._reduction import REDUCTIONS, SHRINK, check_reduction, cotangent, gradients, operands, pointwise, require

__all__ = [
    "gaussian_nll_loss",
    "gaussian_nll_loss_backward",
    "kl_div",
    "kl_div_backward",
    "poisson_nll_loss",
    "poisson_nll_loss_backward",
]

LOG_2PI = math.log(2.0 * math.pi)


def _kl(x, t, c=1.0):
    """c t (log t - x), 0 for t = 0."""
    return np.where(t == 0, 0.0, c * t * np.log(t)) - product(c * t, x)


def _kl_of_log(x, s, c=1.0, one=0.0):
    """c e^s (s - x + one), 0 for s = -inf; an infinite x decides the sign even if e^s underflows."""
    d = s - x + one
    y = np.where(np.isinf(d), c * d, balanced(c, np.exp(s), d))
    return np.where((s == -np.inf) & ~np.isnan(x), 0.0, y)


def _batch(x, reduction):
    """The divisor of "batchmean" is the length of the first axis (1 for a 0-d array)."""
    return (x.shape[0] if x.ndim else 1) if reduction == "batchmean" else None


@np.errstate(all="ignore")
def kl_div(x, target, log_target=False, reduction="mean"):
    """Kullback-Leibler divergence, term by term, from log-probabilities x to target probabilities t.

    l_i = t_i (log t_i - x_i), or with `log_target`, where s = log t is given, l_i = e^{s_i} (s_i - x_i).
    "mean" divides the sum by the number of elements, "batchmean" by the length of the first axis (the divergence proper).

    The terms t log t and t x may cancel: the error is a few units of t (|log t| + |x|), that of the two logarithms themselves.

    Shapes: x, t broadcast together; the result is 0-d, or has the broadcast shape for "none"; dtype of the arguments.
    Special values: a term of probability 0 counts 0 whatever x is (0 log 0 = 0); t > 0 with x = -inf costs inf.
    Raises ValueError for an unknown reduction or shapes that do not broadcast.
    Source: Kullback & Leibler, On Information and Sufficiency, Ann. Math. Statist. 22 (1951).

    >>> float(kl_div(np.log([0.25, 0.75]), np.array([0.5, 0.5]), reduction="sum").round(6))
    0.143841
    """
    check_reduction(reduction, (*REDUCTIONS, "batchmean"))
    arrays, dtype = operands(x=x, target=target)
    kernel = _kl_of_log if log_target else _kl
    divisor = _batch(arrays[0], reduction)
    reduction = "mean" if reduction == "batchmean" else reduction
    return pointwise(kernel, arrays, dtype, reduction, divisor, lambda x, t: kernel(x, t, 2.0**-SHRINK))


@np.errstate(all="ignore")
def kl_div_backward(grad_output, x, target, log_target=False, reduction="mean"):
    """Gradients of `kl_div` for x and target.

    dl/dx = -t and dl/dt = log t + 1 - x; with `log_target` dl/dx = -e^s and dl/ds = e^s (s - x + 1).
    With c = dy divided by the divisor of the reduction: dx = c dl/dx, dt = c dl/dt.  At t = 0 the slope is -inf, its limit.

    >>> kl_div_backward(1.0, np.array([0.0, 0.0]), np.array([1.0, 0.5]), reduction="sum")[0]
    array([-1. , -0.5])
    """
    check_reduction(reduction, (*REDUCTIONS, "batchmean"))
    arrays, _ = operands(x=x, target=target)

    def kernel(dy, x, t):
        if log_target:
            p = np.exp(t)
            return -dy * p, _kl_of_log(x, t, dy, 1.0)
        return -dy * t, dy * (np.log(t) - x + 1.0)

    shape = broadcast_shape(*arrays)
    divisor = _batch(arrays[0], reduction)
    return gradients(kernel, cotangent(grad_output, shape, "mean" if divisor is not None else reduction, divisor), arrays)


def _shrunk_exp(x, scale):
    """scale e^x for scale = 2^-64, as the square of scale^(1/2) e^(x/2): inf at inf alone, and nearly so from x = 754 on."""
    root = np.sqrt(scale) * np.exp(0.5 * x)
    return np.where(x == np.inf, x, np.minimum(root * root, np.finfo(np.float64).max))


def _exp_minus(x, t, scale=1.0):
    """scale (e^x - t x), at x = inf infinite for any finite t."""
    y = np.exp(x) - product(t, x)
    if scale != 1.0:
        y = _shrunk_exp(x, scale) - product(scale * t, x)
    return np.where((x > 753.0) & np.isfinite(t), np.inf, y)


def _minus_log(x, t, eps, scale=1.0):
    """scale (x - t log(x + eps)); at x = inf the linear term wins."""
    return np.where((x == np.inf) & np.isfinite(t), x, scale * x - product(scale * t, log_plus(x, eps)))


def _stirling(t, scale=1.0):
    """scale times Stirling's approximation of log t!, which the op adds for t > 1."""
    y = (scale * t) * (np.log(t) - 1.0) + scale * (0.5 * np.log(t) + 0.5 * LOG_2PI)
    return np.where(t > 1, y, np.where(np.isnan(t), t, 0.0))


def _unless_finite(y, shrunk):
    """y, and where it is not finite 2^64 times `shrunk()`: terms that overflow one by one may cancel."""
    return y if np.isfinite(y).all() else np.where(np.isfinite(y), y, np.ldexp(shrunk(), SHRINK))


@np.errstate(all="ignore")
def poisson_nll_loss(x, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """Negative log-likelihood of a count t under a Poisson variable whose rate, or its logarithm, is x.

    l_i = e^{x_i} - t_i x_i if `log_input`, else l_i = x_i - t_i log(x_i + eps);
    `full` adds t log t - t + log(2 pi t)/2 (Stirling's approximation of log t!) wherever t > 1.

    The terms are large and may cancel: the error is a few units of the sum of their absolute values.  log(x + eps) gets the
    rounding error of x + eps back, which matters for rates near one.

    Shapes: x, t broadcast together; the result is 0-d, or has the broadcast shape for "none"; dtype of the arguments.
    Special values: a log-rate of inf costs inf, of -inf costs 0 for t = 0 and inf for t > 0; the mean of nothing is nan.
    Raises ValueError for an unknown reduction or shapes that do not broadcast.
    Source: Stirling's series, DLMF 5.11.1.

    >>> poisson_nll_loss(np.array([0.0, 1.0]), np.array([2.0, 0.0]), reduction="none").round(6)
    array([1.      , 2.718282])
    """
    check_reduction(reduction)
    arrays, dtype = operands(x=x, target=target)

    def kernel(x, t, scale=1.0):
        e = _exp_minus(x, t, scale) if log_input else _minus_log(x, t, eps, scale)
        return e + _stirling(t, scale) if full else e

    def shrunk(x, t):
        return kernel(x, t, 2.0**-SHRINK)

    if reduction == "none":
        return pointwise(lambda x, t: _unless_finite(kernel(x, t), lambda: shrunk(x, t)), arrays, dtype, reduction)
    return pointwise(kernel, arrays, dtype, reduction, shrunk=shrunk)


def _far_slope(dy, x, t):
    """dy (e^x - t), the difference formed at 2^-64 of its size: e^x alone may overflow, and then wins against any finite t."""
    scale = 2.0**-SHRINK
    return np.ldexp(dy * (_shrunk_exp(x, scale) - scale * t), SHRINK)


@np.errstate(all="ignore")
def poisson_nll_loss_backward(grad_output, x, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """Gradients of `poisson_nll_loss` for x and target.

    `log_input`: dl/dx = e^x - t, dl/dt = -x.  Else dl/dx = 1 - t/(x + eps), dl/dt = -log(x + eps).
    `full` adds log t + 1/(2t) to dl/dt where t > 1.  With c = dy/n: dx = c dl/dx, dt = c dl/dt.

    >>> poisson_nll_loss_backward(1.0, np.array([0.0]), np.array([3.0]))
    (array([-2.]), array([-0.]))
    """
    check_reduction(reduction)
    arrays, _ = operands(x=x, target=target)

    def kernel(dy, x, t):
        dx = dy * (np.exp(x) - t if log_input else 1.0 - t / (x + eps))
        if not np.isfinite(dx).all():
            dx = np.where(np.isfinite(dx), dx, _far_slope(dy, x, t) if log_input else dy - balanced(dy, t, 1.0 / (x + eps)))
        dt = -x if log_input else -log_plus(x, eps)
        if full:
            dt = dt + np.where(t > 1, np.log(t) + 0.5 / t, np.where(np.isnan(t), t, 0.0))
        return dx, dy * dt

    return gradients(kernel, cotangent(grad_output, broadcast_shape(*arrays), reduction), arrays)


def _variance(x, var):
    """`var` as it broadcasts against x: given for every element, for every row (last axis missing or 1), or as a number."""
    shape = np.shape(var)
    if shape != x.shape and shape == x.shape[:-1] and x.ndim:
        var = np.asarray(var)[..., None]
    v = np.asarray(var)
    one = v.ndim == x.ndim and sorted((n, m) for n, m in zip(v.shape, x.shape, strict=True) if n != m)[:1]
    fits = v.shape == x.shape or (one and all(n in (1, m) for n, m in zip(v.shape, x.shape, strict=True)))
    require(fits, f"`var` has shape {shape}, but must have the shape {x.shape} of `x`, or that without or with 1 as last axis.")
    require(not (v < 0).any(), "`var` has negative entries, but a variance must be zero or positive.")
    return v


def _gaussian_operands(x, target, var, eps):
    scalar = isinstance(var, (int, float))
    (x, target), _ = operands(x=x, target=target)
    var = np.full((1,) * x.ndim, var, x.dtype) if scalar else np.asarray(var)
    arrays, dtype = operands(x=x, target=target, var=var)
    v = _variance(arrays[0], arrays[2])
    return [*arrays[:2], v], dtype, () if scalar else arrays[2].shape


@np.errstate(all="ignore")
def gaussian_nll_loss(x, target, var, full=False, eps=1e-6, reduction="mean"):
    """Negative log-likelihood of a measurement t under a normal variable of mean x and variance v.

    l_i = [log v_i + (x_i - t_i)^2 / v_i] / 2 with v_i = max(var_i, eps);  `full` adds log(2 pi)/2.

    The square is taken as (d/v) d, so that d^2 cannot overflow before the quotient does.  log v may cancel against the
    square: the error is a few units of |log v| + d^2/v.

    Shapes: x, t broadcast together; var has the shape of x, or lacks its last axis, or has 1 there; the result is 0-d, or
    has the shape of the losses for "none".
    Special values: var = 0 counts as eps; var = inf costs inf; nan gives nan.
    Raises ValueError for negative variances, shapes that do not fit, or an unknown reduction.
    Source: Nix & Weigend, Estimating the mean and variance of the target probability distribution (1994).

    >>> float(gaussian_nll_loss(np.array([1.0]), np.array([0.0]), np.array([0.5])).round(6))
    0.653426
    """
    check_reduction(reduction)
    arrays, dtype, _ = _gaussian_operands(x, target, var, eps)

    def kernel(x, t, v):
        v, d = np.maximum(v, eps), x - t
        e = 0.5 * (np.log(v) + (d / v) * d)
        return e + 0.5 * LOG_2PI if full else e

    def shrunk(x, t, v):
        s = -SHRINK // 2
        v, d = np.maximum(v, eps), np.ldexp(x, s) - np.ldexp(t, s)
        e = 0.5 * (np.ldexp(np.log(v), -SHRINK) + (d / v) * d)
        return e + np.ldexp(0.5 * LOG_2PI, -SHRINK) if full else e

    return pointwise(kernel, arrays, dtype, reduction, shrunk=shrunk)


@np.errstate(all="ignore")
def gaussian_nll_loss_backward(grad_output, x, target, var, full=False, eps=1e-6, reduction="mean"):
    """Gradients of `gaussian_nll_loss` for x, target and var.

    dl/dx = (x - t)/v = -dl/dt and dl/dv = [1/v - ((x - t)/v)^2] / 2.  The clamp v = max(var, eps) counts as the identity in
    the gradient (a straight-through convention): a variance below eps still learns that it is too small.
    With c = dy/n: dx = c dl/dx, dt = -dx, dvar = c dl/dv, summed over the axes along which var was broadcast.

    >>> gaussian_nll_loss_backward(1.0, np.array([1.0]), np.array([0.0]), np.array([0.5]))
    (array([2.]), array([-2.]), array([-1.]))
    """
    check_reduction(reduction)
    arrays, _, shape = _gaussian_operands(x, target, var, eps)

    def kernel(dy, x, t, v):
        v = np.maximum(v, eps)
        r, c = (x - t) / v, 0.5 * dy
        dx = dy * r
        if not np.isfinite(dx).all():
            m, k = np.frexp(v)
            dx = np.where(np.isinf(dx), weighted_difference(dy, 1.0 / m, x, t, k), dx)
            r = np.where(np.isinf(r), weighted_difference(1.0, 1.0 / m, x, t, k), r)
        return dx, -dx, c / v - (c * r) * r

    dy = cotangent(grad_output, broadcast_shape(*arrays), reduction)
    dx, dt, dv = gradients(kernel, dy, arrays)
    return dx, dt, None if dv is None else dv.reshape(shape)
