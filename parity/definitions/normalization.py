"""Normalization, as defined: subtract the mean, divide by the root of the variance, scale and shift."""

from __future__ import annotations

import math

import numpy as np

from parity.definitions._functions import scaled

constant = np.frompyfunc(lambda v: type(v)(v.value), 1, 1)
"""The same numbers as constants: no gradient flows through them (running statistics are a record, not a computation)."""


# -- means over axes -----------------------------------------------------------------------------------------------------
def _mean(x, axes):
    return x.sum(axes, keepdims=True) / math.prod(x.shape[a] for a in axes)


def _statistics(x, axes):
    m = _mean(x, axes)
    return m, _mean((x - m) ** 2, axes)


def _standardized(x, axes, eps):
    if x.size == 0:
        return x
    m, v = _statistics(x, axes)
    return (x - m) / np.sqrt(v + eps)


def _affine(unit, weight, bias):
    y = unit if weight is None else unit * weight
    return y if bias is None else y + bias


def _column(a, x):
    """One number per channel, shaped to meet axis 1 of x."""
    return None if a is None else a.reshape(-1, *(1,) * (x.ndim - 2))


def _trailing(x, normalized_shape):
    return tuple(range(x.ndim - len(normalized_shape), x.ndim))


# -- scales --------------------------------------------------------------------------------------------------------------
def _reach(x, axes, eps):
    """(|x| + mean |x|) / sigma: how much a relative rounding error of x and of its mean moves a standardized number."""
    return (abs(x) + _mean(abs(x), axes)) / np.sqrt(_statistics(x, axes)[1] + eps)


def _row_scale(x, axes, weight, bias, eps):
    """|y| + |w| (|x| + mean |x|) / sigma."""
    if x.size == 0:
        return x
    reach = _reach(x, axes, eps)
    return abs(_affine(_standardized(x, axes, eps), weight, bias)) + (reach if weight is None else abs(weight) * reach)


def _row_backward_scale(dy, x, axes, weight, eps):
    """For dx, (G + mean G + reach mean(G |z|) + mean(G reach)) / sigma with G = |w dy|; for dw, |dy| reach before summing."""
    if x.size == 0:
        return x, dy
    g = abs(dy) if weight is None else abs(dy * weight)
    z, reach, sigma = abs(_standardized(x, axes, eps)), _reach(x, axes, eps), np.sqrt(_statistics(x, axes)[1] + eps)
    return (g + _mean(g, axes) + reach * _mean(g * z, axes) + _mean(g * reach, axes)) / sigma, abs(dy) * reach


def _sum_to(terms, a, axes):
    """The sum of the terms over all axes but those of the parameter a (None if it is not given)."""
    return None if a is None else np.asarray(terms.sum(axes), dtype=object).reshape(a.shape)


def _all_but(x, kept):
    return tuple(i for i in range(x.ndim) if i not in kept)


# -- layer_norm, rms_norm ------------------------------------------------------------------------------------------------
def layer_norm_scale(x, weight=None, bias=None, normalized_shape=(), eps=1e-5):
    return _row_scale(x, _trailing(x, normalized_shape), weight, bias, eps)


def layer_norm_backward_scale(grad_output, x, weight=None, bias=None, normalized_shape=(), eps=1e-5):
    axes = _trailing(x, normalized_shape)
    dx, dw = _row_backward_scale(grad_output, x, axes, weight, eps)
    samples = _all_but(x, axes)
    return dx, _sum_to(dw, weight, samples), _sum_to(abs(grad_output), bias, samples)


@scaled(layer_norm_scale, layer_norm_backward_scale)
def layer_norm(x, weight=None, bias=None, normalized_shape=(), eps=1e-5):
    return _affine(_standardized(x, _trailing(x, normalized_shape), eps), weight, bias)


def rms_norm(x, weight=None, normalized_shape=(), eps=None):
    """`eps` must be a number here: its default, the eps of the dtype, is a fact about dtypes, which real numbers have not."""
    if x.size == 0:
        return x
    return _affine(x / np.sqrt(_mean(x**2, _trailing(x, normalized_shape)) + eps), weight, None)


# -- group_norm, instance_norm -------------------------------------------------------------------------------------------
def _grouped(x, num_groups):
    return x.reshape(x.shape[0], num_groups, -1) if x.size else x.reshape(x.shape[0], num_groups, 0)


def _by_group(a, x, num_groups):
    """One number per channel, repeated as (groups, numbers of a group)."""
    if a is None:
        return None
    return np.broadcast_to(_column(a, x), x.shape[1:]).reshape(num_groups, math.prod(x.shape[1:]) // num_groups)


def group_norm_scale(x, weight=None, bias=None, num_groups=1, eps=1e-5):
    w, b = (_by_group(a, x, num_groups) for a in (weight, bias))
    return _row_scale(_grouped(x, num_groups), (2,), w, b, eps).reshape(x.shape)


def group_norm_backward_scale(grad_output, x, weight=None, bias=None, num_groups=1, eps=1e-5):
    dy, w = _grouped(grad_output, num_groups), _by_group(weight, x, num_groups)
    dx, dw = _row_backward_scale(dy, _grouped(x, num_groups), (2,), w, eps)
    others = _all_but(x, (1,))
    return dx.reshape(x.shape), _sum_to(dw.reshape(x.shape), weight, others), _sum_to(abs(grad_output), bias, others)


@scaled(group_norm_scale, group_norm_backward_scale)
def group_norm(x, weight=None, bias=None, num_groups=1, eps=1e-5):
    unit = _standardized(_grouped(x, num_groups), (2,), eps).reshape(x.shape)
    return _affine(unit, _column(weight, x), _column(bias, x))


def _given(x, running_mean, running_var, eps):
    return (x - _column(running_mean, x)) / np.sqrt(_column(running_var, x) + eps)


def _given_scale(x, running_mean, running_var, weight, bias, eps):
    """|y| + |w| (|x| + |mean|) / sigma for given statistics."""
    w, b = _column(weight, x), _column(bias, x)
    reach = (abs(x) + abs(_column(running_mean, x))) / np.sqrt(_column(running_var, x) + eps)
    return abs(_affine(_given(x, running_mean, running_var, eps), w, b)) + (reach if w is None else abs(w) * reach)


def _given_backward_scale(dy, x, running_mean, running_var, weight, bias, eps):
    sigma = np.sqrt(_column(running_var, x) + eps)
    reach = (abs(x) + abs(_column(running_mean, x))) / sigma
    dx = (abs(dy) if weight is None else abs(dy * _column(weight, x))) / sigma
    others = _all_but(x, (1,))
    return dx, None, None, _sum_to(abs(dy) * reach, weight, others), _sum_to(abs(dy), bias, others)


def instance_norm_scale(
    x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    if not use_input_stats:
        return _given_scale(x, running_mean, running_var, weight, bias, eps)
    return _row_scale(x, _all_but(x, (0, 1)), _column(weight, x), _column(bias, x), eps)


def instance_norm_backward_scale(
    grad_output, x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    if not use_input_stats:
        return _given_backward_scale(grad_output, x, running_mean, running_var, weight, bias, eps)
    dx, dw = _row_backward_scale(grad_output, x, _all_but(x, (0, 1)), _column(weight, x), eps)
    others = _all_but(x, (1,))
    return dx, None, None, _sum_to(dw, weight, others), _sum_to(abs(grad_output), bias, others)


@scaled(instance_norm_scale, instance_norm_backward_scale)
def instance_norm(x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5):
    own = _all_but(x, (0, 1))
    unit = _standardized(x, own, eps) if use_input_stats else _given(x, running_mean, running_var, eps)
    return _affine(unit, _column(weight, x), _column(bias, x))


# -- batch_norm ----------------------------------------------------------------------------------------------------------
def batch_norm_scale(x, running_mean=None, running_var=None, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    if not training:
        return _given_scale(x, running_mean, running_var, weight, bias, eps), abs(running_mean), abs(running_var)
    others = _all_but(x, (1,))
    y = _row_scale(x, others, _column(weight, x), _column(bias, x), eps)
    if running_mean is None:
        return y
    spread = 0 if x.size == 0 else _mean(abs(x), others).reshape(-1)
    _, v = _updated(x, running_mean, running_var, momentum)
    return y, abs((1 - momentum) * running_mean) + abs(momentum) * spread, abs(v)


def batch_norm_backward_scale(
    grad_output, x, running_mean=None, running_var=None, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    dy = grad_output[0] if isinstance(grad_output, tuple) else grad_output
    if not training:
        return _given_backward_scale(dy, x, running_mean, running_var, weight, bias, eps)
    others = _all_but(x, (1,))
    dx, dw = _row_backward_scale(dy, x, others, _column(weight, x), eps)
    return dx, None, None, _sum_to(dw, weight, others), _sum_to(abs(dy), bias, others)


def _updated(x, running_mean, running_var, momentum):
    """The running statistics after this batch; the variance with M - 1 in place of M."""
    if x.size == 0:
        return running_mean, running_var
    m, v = (constant(s.reshape(-1)) for s in _statistics(x, _all_but(x, (1,))))
    count = x.size // x.shape[1]
    return (1 - momentum) * running_mean + momentum * m, (1 - momentum) * running_var + momentum * v * count / (count - 1)


@scaled(batch_norm_scale, batch_norm_backward_scale)
def batch_norm(x, running_mean=None, running_var=None, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """(y, running_mean, running_var); y alone if there are no running statistics."""
    w, b = _column(weight, x), _column(bias, x)
    if not training:
        return _affine(_given(x, running_mean, running_var, eps), w, b), constant(running_mean), constant(running_var)
    y = _affine(_standardized(x, _all_but(x, (1,)), eps), w, b)
    if running_mean is None:
        return y
    return y, *_updated(x, constant(running_mean), constant(running_var), momentum)


# -- local_response_norm -------------------------------------------------------------------------------------------------
def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    y = np.empty(x.shape, object)
    for c in range(x.shape[1]):
        window = x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1]
        d = k + alpha * (window**2).sum(1) / size
        y[:, c] = x[:, c] / np.exp(beta * np.log(d))
    return y
