"""The textbook definitions of functions of logarithms, with the scales that their errors are measured in.

A scale need not be exact: it is evaluated in plain float64.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from parity.definitions._functions import conventions, elementwise, inf, nan, scaled, where

__all__ = ["entr", "logaddexp", "logcumsumexp", "logit", "logsumexp", "xlog1py", "xlogy"]


def _plain(x):
    """An object array as float64."""
    return np.asarray(x).astype(np.float64)


def _shift(x, axis):
    """The largest finite entry of each row as a constant (0 where there is none): every shift gives the same sum."""
    values = _plain(x)
    largest = np.max(values, axis=axis, keepdims=True, where=np.isfinite(values), initial=-inf)
    return np.where(np.isfinite(largest), largest, 0.0)


# -- logsumexp -----------------------------------------------------------------------------------------------------------
@np.errstate(all="ignore")
def _parts(x, axis):
    """m, log(1 + s), sum_i p_i |x_i - m| and p, where s is the sum of exp(x_i - m) without one of the largest entries."""
    m = _shift(x, axis)
    values = np.where(np.isneginf(_plain(x)), -1e300, _plain(x))
    e = np.exp(values - m)
    largest = values == m
    ties = np.sum(largest, axis=axis, keepdims=True)
    s = np.sum(np.where(largest, 0.0, e), axis=axis, keepdims=True) + np.maximum(ties - 1, 0)
    p = e / (1 + s)
    return m, np.log1p(s), np.sum(p * np.abs(values - m), axis=axis, keepdims=True), p


def logsumexp_scale(x, axis=-1, keepdims=False):
    """|y| + (y - m) + sum_i p_i |x_i - m|."""
    m, lift, spread, _ = _parts(x, axis)
    scale = np.abs(m + lift) + lift + spread
    return scale if keepdims else np.squeeze(scale, axis=tuple(range(scale.ndim)) if axis is None else axis)


def logsumexp_backward_scale(grad_output, x, axis=-1, keepdims=False):
    """|dy| p_i (1 + |x_i - m| + sum_k p_k |x_k - m|)."""
    m, _, spread, p = _parts(x, axis)
    distance = np.minimum(np.abs(_plain(x) - m), 1e300)
    return (np.abs(_plain(grad_output)).reshape(m.shape) * p * (1 + distance + spread),)


def _logsumexp_at_infinity(gradients, grad_output, x, axis=-1, keepdims=False):
    """A row of -inf has gradient 0 (convention); a single +inf takes all (limit), two of them have no limit."""
    dy = np.reshape(grad_output, _shift(x, axis).shape)
    high, clean = x == inf, ~np.isnan(x).any(axis=axis, keepdims=True)
    count = np.sum(high, axis=axis, keepdims=True)
    share = np.where(high & (count > 1), nan, np.where(high, dy, 0.0))
    gradients[0][...] = np.where(clean & (count > 0), share, np.where(clean & (x == -inf), 0.0, gradients[0]))


@conventions(backward=_logsumexp_at_infinity)
@scaled(logsumexp_scale, logsumexp_backward_scale)
def logsumexp(x, axis=-1, keepdims=False):
    """log sum_i exp(x_i)."""
    m = _shift(x, axis)
    y = np.log(np.sum(np.exp(x - m), axis=axis, keepdims=True)) + m if x.size else np.full(m.shape, -inf)
    return y if keepdims else np.squeeze(y, axis=tuple(range(y.ndim)) if axis is None else axis)


# -- logaddexp -----------------------------------------------------------------------------------------------------------
@np.errstate(all="ignore")
def logaddexp_scale(x, other):
    """|y| + (y - m), m the larger of the two."""
    x, other = _plain(x), _plain(other)
    lift = np.log1p(np.exp(-np.abs(x - other)))
    return np.abs(np.maximum(x, other) + lift) + lift


def _logaddexp_at_infinity(gradients, grad_output, x, other):
    """Two -inf have gradient 0 (convention), two +inf have no limit (nan), and one +inf takes all (limit)."""
    if x.shape != other.shape:
        return
    both = np.isinf(x) & (x == other)
    for g, own, their in ((gradients[0], x, other), (gradients[1], other, x)):
        valid = ~(np.isnan(own) | np.isnan(their))
        g[valid & (own == inf)] = grad_output[valid & (own == inf)]
        g[valid & ((own == -inf) | (their == inf))] = 0.0
        g[both & (own > 0)] = nan


@conventions(backward=_logaddexp_at_infinity)
@scaled(logaddexp_scale, "paths")
def logaddexp(x, other):
    """log(exp(x) + exp(y))."""
    a, b = np.broadcast_arrays(_plain(x), _plain(other))
    m = np.maximum(np.where(np.isfinite(a), a, b), np.where(np.isfinite(b), b, a))
    m = np.where(np.isfinite(m), m, 0.0)
    return np.log(np.exp(x - m) + np.exp(other - m)) + m


# -- logcumsumexp ----------------------------------------------------------------------------------------------------------
def _prefixes(x, axis):
    """The rows along `axis` as the last axis, and for each j their first j + 1 entries."""
    rows = np.moveaxis(x, axis, -1) if np.ndim(x) else np.reshape(x, (1,))
    return rows, [rows[..., : j + 1] for j in range(rows.shape[-1])]


def logcumsumexp_scale(x, axis=-1):
    """The scale of `logsumexp` for each prefix."""
    rows, prefixes = _prefixes(x, axis)
    scale = np.zeros(rows.shape)
    for j, prefix in enumerate(prefixes):
        scale[..., j] = logsumexp_scale(prefix)
    return np.moveaxis(scale, -1, axis) if np.ndim(x) else scale.reshape(())


def logcumsumexp_backward_scale(grad_output, x, axis=-1):
    """The scales of the gradients of `logsumexp` for all prefixes, added up."""
    rows, prefixes = _prefixes(x, axis)
    dy = np.moveaxis(grad_output, axis, -1) if np.ndim(x) else np.reshape(grad_output, (1,))
    scale = np.zeros(rows.shape)
    for j, prefix in enumerate(prefixes):
        scale[..., : j + 1] += logsumexp_backward_scale(dy[..., j], prefix)[0]
    return (np.moveaxis(scale, -1, axis) if np.ndim(x) else scale.reshape(()),)


def _logcumsumexp_at_infinity(gradients, grad_output, x, axis=-1):
    """As for `logsumexp`: nothing flows to -inf; +inf takes every dy_j while it is alone in the prefix."""
    if not np.ndim(x):
        gradients[0][...] = np.where(x == -inf, 0.0, np.where(x == inf, grad_output, gradients[0]))
        return
    rows, g, dy = (np.moveaxis(a, axis, -1) for a in (x, gradients[0], grad_output))
    high, clean = rows == inf, ~np.isnan(rows).any(axis=-1, keepdims=True)
    count = np.cumsum(high, axis=-1)
    alone = np.cumsum(np.where(count > 1, nan, dy)[..., ::-1], axis=-1)[..., ::-1]
    g[...] = np.where(clean & high, alone, np.where(clean & (rows == -inf), 0.0, g))


@conventions(backward=_logcumsumexp_at_infinity)
@scaled(logcumsumexp_scale, logcumsumexp_backward_scale)
def logcumsumexp(x, axis=-1):
    """y_j = log sum_{i <= j} exp(x_i)."""
    rows, prefixes = _prefixes(x, axis)
    if not rows.size:
        return x
    y = np.stack([logsumexp(prefix) for prefix in prefixes], axis=-1)
    return np.moveaxis(y, -1, axis) if np.ndim(x) else y.reshape(())


# -- x log y -------------------------------------------------------------------------------------------------------------
def _slope_at_zero(gradients, grad_output, x, other):
    """For x = 0 the slope in x is log(y), also where that is +inf; a nan in y stays nan."""
    if x.shape == other.shape:
        high = (x == 0) & (other == inf)
        gradients[0][high] = inf * grad_output[high]
        gradients[1][np.isnan(other)] = nan


def _times_log(x, y, logarithm):
    """x log(y); where x = 0 and log(y) is not finite, 0 x (nan for y = nan)."""
    x, y = np.broadcast_arrays(x, y)
    out = np.empty(x.shape, object)
    for i in np.ndindex(x.shape):
        log_y = logarithm(y[i])
        out[i] = x[i] * log_y if x[i] != 0 or log_y.isfinite() or y[i].isnan() else 0 * x[i]
    return out


@conventions(backward=_slope_at_zero)
def xlogy(x, other):
    """x log(y), and 0 where x = 0."""
    return _times_log(x, other, lambda y: y.log())


@conventions(backward=_slope_at_zero)
def xlog1py(x, other):
    """x log(1 + y), and 0 where x = 0."""
    return _times_log(x, other, lambda y: y.log1p())


# -- entropy and log-odds --------------------------------------------------------------------------------------------------
@elementwise(limits={inf: (-inf, -inf), -inf: (-inf, nan)})
def entr(x):
    """-x log(x); 0 at 0 with an infinite slope (the square root has the same); -inf with no slope below 0."""
    inside = where(x > 0, x, 0 * x + 1)
    outside = where(x < 0, np.log(0 * x), np.sqrt(where(x < 0, 0 * x, x)))
    return where(x > 0, -inside * np.log(inside), outside)


def _logit_limits(eps=None):
    """Without a clamp nan; with one the value at the clamp, and slope 0."""
    if eps is None:
        return {inf: (nan, nan), -inf: (nan, nan)}
    top = math.log1p(-eps) - math.log(eps) if eps else inf
    return {inf: (top, 0.0), -inf: (0.0 - top, 0.0)}


@elementwise(_logit_limits)
def logit(x, eps=None):
    """log(x) - log(1 - x) for x in [0, 1], else nan; if eps is given, of min(max(x, eps), 1 - eps)."""
    if eps is None:
        x = where((x < 0) | (x > 1), nan * x, x)
    else:
        top = 1 - arb(eps)
        x = where(x < eps, 0 * x + eps, where(x > top, 0 * x + top, x))
    return np.log(x) - np.log(1 - x)
