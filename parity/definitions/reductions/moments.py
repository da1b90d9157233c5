"""Textbook definitions: variance, standard deviation, covariance, correlation."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import isnan, scaled, where
from parity.definitions.reductions._rows import NAN, expand, result, rows

__all__ = ["corrcoef", "cov", "std", "var"]


def _deviations(r):
    """x_i - mean, from the differences to the first entry: the same numbers, and exactly zero in a constant row."""
    d = r - r[..., :1]
    return d - np.sum(d, axis=-1, keepdims=True) / max(r.shape[-1], 1)


def _with_mean(d):
    """|d_i| + mean|d|: one rounding of the centred entry, and one of the mean that was subtracted."""
    d = np.abs(d)
    return d + np.sum(d, axis=-1, keepdims=True) / max(d.shape[-1], 1)


def _variance(r, correction):
    if r.shape[-1] == 0:
        return np.full(r.shape[:-1], NAN, dtype=object)
    d = _deviations(r)
    return np.sum(d * d, axis=-1) / max(0, r.shape[-1] - correction)


def _deviation(r, correction):
    """The root of the variance; at zero its gradient is 0 by convention."""
    v = np.array(_variance(r, correction), dtype=object)
    flat = v == 0
    root = np.sqrt(where(flat, v * 0.0 + 1, v))
    return where(flat, v * 0.0, root)


def _rows_of(dy, r):
    return np.asarray(dy).reshape((*r.shape[:-1], 1))


def var_backward_scale(grad_output, x, axis=None, correction=1, keepdims=False):
    """2 |dy| (|x_i - mean| + mean|x - mean|) / (n - c)."""
    r = rows(x, axis)
    s = np.abs(_rows_of(grad_output, r)) * 2 * _with_mean(_deviations(r)) / max(0, r.shape[-1] - correction)
    return (expand(s, x, axis),)


@scaled("value", var_backward_scale)
def var(x, axis=None, correction=1, keepdims=False):
    """y = sum (x_i - mean)^2 / max(0, n - correction)."""
    return result(_variance(rows(x, axis), correction), x, axis, keepdims)


def std_backward_scale(grad_output, x, axis=None, correction=1, keepdims=False):
    """|dy| (|x_i - mean| + mean|x - mean|) / ((n - c) y), and 0 where y is 0."""
    r = rows(x, axis)
    y = _rows_of(_deviation(r, correction), r)
    f = y * max(0, r.shape[-1] - correction)
    safe = where(y == 0, y * 0.0 + 1, f)
    s = np.abs(_rows_of(grad_output, r)) * _with_mean(_deviations(r)) / safe
    return (expand(s, x, axis),)


@scaled("value", std_backward_scale)
def std(x, axis=None, correction=1, keepdims=False):
    """y = sqrt(sum (x_i - mean)^2 / max(0, n - correction)); the gradient at y = 0 is 0."""
    return result(_deviation(rows(x, axis), correction), x, axis, keepdims)


def _variables(x):
    return x.reshape(1, -1) if x.ndim < 2 else x


def _square(y):
    """One variable has a number in place of a matrix."""
    return y.reshape(()) if y.size == 1 else y


def cov_scale(x, correction=1):
    """sum_k |d_ik d_jk| / (n - c)."""
    r = _variables(x)
    if r.shape[1] == 0:
        return _square(np.zeros((len(r), len(r))))
    d = np.abs(_deviations(r))
    return _square(d @ d.T / max(0, r.shape[1] - correction))


def cov_backward_scale(grad_output, x, correction=1):
    """sum_j (|dy_ij| + |dy_ji|) (|d_jk| + mean|d_j|) / (n - c)."""
    r = _variables(x)
    if x.size == 0:
        return (np.zeros(x.shape),)
    g = np.abs(np.asarray(grad_output).reshape(len(r), len(r)))
    return (((g + g.T) @ _with_mean(_deviations(r)) / max(0, r.shape[1] - correction)).reshape(x.shape),)


@scaled(cov_scale, cov_backward_scale)
def cov(x, correction=1):
    """y_ij = sum_k (x_ik - mean_i)(x_jk - mean_j) / max(0, n - correction)."""
    r = _variables(x)
    if r.shape[1] == 0:
        return _square(np.full((len(r), len(r)), NAN, dtype=object))
    d = _deviations(r)
    return _square(d @ d.T / max(0, r.shape[1] - correction))


def _directions(r):
    """The centred rows divided by their lengths, and the lengths (kept with length 1); 0/0 is nan."""
    d = _deviations(r)
    length = np.sqrt(np.sum(d * d, axis=-1, keepdims=True))
    return d / length, length


def corrcoef_scale(x):
    """sum_k |z_ik z_jk|."""
    r = _variables(x)
    if r.shape[1] == 0:
        return _square(np.zeros((len(r), len(r))))
    z = np.abs(_directions(r)[0])
    return _square(z @ z.T)


def corrcoef_backward_scale(grad_output, x):
    """(w_ik + |z_ik| sum_l |z_il| w_il) / |d_i| with w_i = sum_j (|dy_ij| + |dy_ji|) (|z_j| + mean|z_j|)."""
    r = _variables(x)
    if x.size == 0:
        return (np.zeros(x.shape),)
    z, length = _directions(r)
    g = np.abs(np.asarray(grad_output).reshape(len(r), len(r)))
    w = (g + g.T) @ _with_mean(z)
    z = np.abs(z)
    return (((w + z * np.sum(z * w, axis=-1, keepdims=True)) / length).reshape(x.shape),)


@scaled(corrcoef_scale, corrcoef_backward_scale)
def corrcoef(x):
    """y_ij = cos of the angle between the centred rows i and j; exactly 1 for i = j unless nan."""
    r = _variables(x)
    if r.shape[1] == 0:
        return _square(np.full((len(r), len(r)), NAN, dtype=object))
    z, _ = _directions(r)
    y = z @ z.T
    return _square(where(np.eye(len(r), dtype=bool) & ~np.asarray(isnan(y), dtype=bool), y * 0.0 + 1, y))
