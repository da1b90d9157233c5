"""Normalization of each channel over the whole batch: batch_norm, in training and with running statistics."""

from __future__ import annotations

import math

import numpy as np

from npimpl._precision import rounded, widen
from npimpl.normalization._affine import affine, affine_backward, channels_last_but_one, per_channel, sample_and_channels
from npimpl.normalization._rows import standardize, standardize_backward
from npimpl.reductions._wide import Wide, extreme, value

__all__ = ["batch_norm", "batch_norm_backward"]


@np.errstate(all="ignore")
def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    r"""Bring each channel of the batch to mean 0 and variance 1, then scale and shift it: (y, running_mean, running_var).

        y_ncs = w_c (x_ncs - m_c) / sqrt(v_c + eps) + b_c

    In training m and v are the mean and the (biased) variance over the M = N S samples and positions of the channel,
    and the running statistics move towards them, the variance in its unbiased form:

        running_mean' = (1 - momentum) running_mean + momentum m
        running_var'  = (1 - momentum) running_var  + momentum v M / (M - 1)

    Otherwise m and v are the running statistics, which are returned unchanged.  The arrays given are never written to.
    Evaluated in float64 and two passes; each channel is laid out as one contiguous row, so that it is summed pairwise.

    Shapes: x (N, C, *), all others (C,).  y has the dtype of x, the statistics theirs; None stays None.
    Special values: a constant channel gives exactly 0 (then b); an infinity or nan in training makes its channel nan.
    An empty batch leaves the statistics as they are.
    Raises: ValueError if x has fewer than two axes; if only one of the running statistics is given, or none outside of
    training; if a channel has a single value in training (its variance is 0 whatever it is); if a shape is not (C,).
    Source: Ioffe & Szegedy, "Batch Normalization", 2015, algorithms 1 and 2.

    >>> y, mean, var = batch_norm(np.array([[1.0], [3.0]]), np.zeros(1), np.ones(1), training=True, eps=0.0)
    >>> y.ravel(), mean, var
    (array([-1.,  1.]), array([0.2]), array([1.1]))
    """
    is_extreme = extreme(x, running_mean, running_var, weight, bias)
    x, dtype, (w, b, m, v) = _arguments(x, running_mean, running_var, weight, bias, training)
    kept = [None if s is None else np.array(s) for s in (running_mean, running_var)]
    if not training:
        return rounded(running_norm(x, m, v, w, b, eps, is_extreme), dtype), *kept
    channels = _by_channel(x)
    rows = standardize(Wide(channels) if is_extreme else channels, eps, dtype != np.float64)
    count = channels.shape[-1]
    if m is not None and count:
        m, v = (Wide(m), Wide(v)) if is_extreme else (m, v)
        mean = (1 - momentum) * m + momentum * rows.mean
        var = (1 - momentum) * v + momentum * (rows.variance * (count / (count - 1)))
        kept = [rounded(value(new)[:, 0], old.dtype) for new, old in zip((mean, var), kept, strict=True)]
    y = value(affine(rows.unit, w, b))
    return rounded(_from_channels(y, x.shape), dtype), *kept


@np.errstate(all="ignore")
def batch_norm_backward(
    grad_output, x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    r"""The vector-Jacobian product of y of `batch_norm`: (dx, None, None, dw, db).

    With z = (x - m) / s, s = sqrt(v + eps), and g = w_c dy, means and sums over samples and positions:

        training:   dx = (g - mean(g) - z mean(g z)) / s        otherwise, m and s being constants:   dx = g / s
        dw_c = sum_ns dy_ncs z_ncs                               db_c = sum_ns dy_ncs

    Only y is differentiated: `grad_output` is its cotangent, or a tuple that begins with it; the running statistics are
    a record beside the computation, so their cotangents are ignored and they get no gradient.

    >>> dy, x = np.array([[1.0], [0.0], [0.0]]), np.array([[0.0], [1.0], [5.0]])
    >>> batch_norm_backward(dy, x, None, None, training=True)[0].ravel().round(4)
    array([ 0.1763, -0.2204,  0.0441])
    """
    dy = grad_output[0] if isinstance(grad_output, (tuple, list)) else grad_output
    is_extreme = extreme(x, dy, running_mean, running_var, weight)
    x, dtype, (w, _, m, v) = _arguments(x, running_mean, running_var, weight, bias, training)
    dy = widen(dy, names=("grad_output",))[0][0].reshape(x.shape)
    if not training:
        dy = channels_last_but_one(dy)
        dx, dw, db = running_norm_backward(Wide(dy) if is_extreme else dy, x, m, v, w, weight, bias, eps)
        return rounded(dx, dtype), None, None, dw, db
    channels, g = (Wide(a) if is_extreme else a for a in (_by_channel(x), _by_channel(dy)))
    rows = standardize(channels, eps, dtype != np.float64)
    dw, db = affine_backward(g[None], rows.unit[None], weight, bias)
    dx = value(standardize_backward(g, w, rows))
    return rounded(_from_channels(dx, x.shape), dtype), None, None, dw, db


def running_norm(x, m, v, w, b, eps, is_extreme: bool) -> np.ndarray:
    """w (x - m) / sqrt(v + eps) + b with given statistics (columns), in float64."""
    x3 = channels_last_but_one(x)
    d = (Wide(x3) if is_extreme else x3) - m
    d /= np.sqrt(v + eps)
    return value(affine(d, w, b)).reshape(x.shape)


def running_norm_backward(dy, x, m, v, w, weight, bias, eps):
    """(dx, dw, db) of `running_norm` for dy (N, C, S), an array or `Wide` numbers."""
    x3 = channels_last_but_one(x)
    sigma = np.sqrt(v + eps)
    dw, db = affine_backward(dy, ((Wide(x3) if isinstance(dy, Wide) else x3) - m) / sigma, weight, bias)
    g = dy if w is None else dy * w
    return value(g / sigma).reshape(x.shape), dw, db


def _by_channel(x: np.ndarray) -> np.ndarray:
    """x (N, C, *) as contiguous rows (C, N S)."""
    return np.ascontiguousarray(np.moveaxis(x, 1, 0)).reshape(x.shape[1], math.prod(x.shape) // max(x.shape[1], 1))


def _from_channels(rows: np.ndarray, shape) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(rows.reshape(shape[1], shape[0], *shape[2:]), 0, 1))


def _arguments(x, running_mean, running_var, weight, bias, training):
    x, dtype = sample_and_channels(x, 2)
    columns = per_channel(x.shape[1], weight=weight, bias=bias, running_mean=running_mean, running_var=running_var)
    if (running_mean is None) != (running_var is None) or (running_mean is None and not training):
        raise ValueError("`running_mean` and `running_var` must both be given, or in training both be None.")
    if training and x.shape[1] and x.size == x.shape[1]:
        raise ValueError(f"`x` has shape {x.shape}, one value per channel, whose variance is always 0; train on at least two.")
    return x, dtype, columns
