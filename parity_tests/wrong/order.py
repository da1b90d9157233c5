"""Wrong order statistics, each in one way that plain random data would forgive."""

from __future__ import annotations

import numpy as np

from parity_tests.wrong.reductions import _count, _first, _wrong


# -- order -------------------------------------------------------------------------------------------------------------
def _placed(y, x, j=None):
    return y, np.zeros(np.shape(y), np.int64) if j is None else j


def averaged_median(x, axis):
    return _placed(np.median(x, axis if x.ndim else None), x)


def upper_median(x, axis):
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    j = np.take(np.argsort(x, axis=axis, kind="stable"), x.shape[axis] // 2, axis=axis)
    return np.take_along_axis(x, np.expand_dims(j, axis), axis).squeeze(axis), j


def median_without_nan(x, axis):
    return _placed(np.nanpercentile(x, 50, axis=axis if x.ndim else None, method="lower"), x)


def spread_median_backward(grad_output, x, axis):
    dy = _first(grad_output)
    return (np.broadcast_to((dy if x.ndim == 0 else np.expand_dims(dy, axis)) / max(_count(x, axis), 1), x.shape).copy(),)


def always_linear_quantile(x, q, axis=None, keepdims=False, interpolation="linear"):
    return np.quantile(x, q, axis=axis if x.ndim else None, keepdims=keepdims)


def weibull_quantile(x, q, axis=None, keepdims=False, interpolation="linear"):
    """Rank q (n + 1) - 1 instead of q (n - 1)."""
    return np.quantile(x, q, axis=axis if x.ndim else None, keepdims=keepdims, method="weibull")


def quantile_without_nan(x, q, axis=None, keepdims=False, interpolation="linear"):
    return np.nanquantile(x, q, axis=axis if x.ndim else None, keepdims=keepdims, method=interpolation)


def lower_quantile_backward(grad_output, x, q, axis=None, keepdims=False, interpolation="linear"):
    """All of the cotangent to the lower neighbour."""
    rows = x.reshape(-1) if axis is None else np.moveaxis(np.atleast_1d(x), axis, -1)
    g = np.reshape(grad_output, (np.size(q), *rows.shape[:-1], 1))
    order, dx = np.argsort(rows, axis=-1, kind="stable"), np.zeros(rows.shape)
    for p, dy in zip(np.atleast_1d(q), g, strict=True):
        j = order[..., int(p * (rows.shape[-1] - 1)), None]
        np.put_along_axis(dx, j, np.take_along_axis(dx, j, -1) + dy, -1)
    return ((dx if axis is None or x.ndim == 0 else np.moveaxis(dx, -1, axis)).reshape(x.shape),)


def zero_for_infinities(x, nan=0.0, posinf=None, neginf=None):
    y = np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    y[np.isinf(x)] = 0.0
    return y


def in_place_nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    return np.nan_to_num(x, copy=False, nan=nan, posinf=posinf, neginf=neginf)


def straight_through_nan_to_num(grad_output, x, nan=0.0, posinf=None, neginf=None):
    return (grad_output.copy(),)


def _ordered(x, axis, descending):
    pi = np.argsort(-x if descending else x, axis=axis, kind="stable")
    return np.take_along_axis(x, pi, axis), pi


def always_largest_topk(x, k, axis=-1, largest=True):
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    pi = np.flip(np.argsort(x, axis=axis, kind="stable"), axis)
    pi = np.take(pi, np.arange(k), axis)
    return np.take_along_axis(x, pi, axis), pi


def topk_nan_last(x, k, axis=-1, largest=True):
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    pi = np.take(_ordered(x, axis, largest)[1], np.arange(k), axis)
    return np.take_along_axis(x, pi, axis), pi


def topk_gradient_to_the_front(grad_output, x, k, axis=-1, largest=True):
    dx = np.zeros(x.shape)
    np.moveaxis(np.atleast_1d(dx), axis, 0)[:k] = np.moveaxis(np.atleast_1d(_first(grad_output)), axis, 0)
    return (dx,)


def sort_nan_always_last(x, axis=-1, descending=False, stable=True):
    return (x.copy(), np.int64(0)) if x.ndim == 0 else _ordered(x, axis, descending)


def flipped_sort(x, axis=-1, descending=False, stable=True):
    """Descending as the ascending order backwards: equal entries change places."""
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    y, pi = _ordered(x, axis, False)
    return (np.flip(y, axis), np.flip(pi, axis)) if descending else (y, pi)


def unpermuted_sort_backward(grad_output, x, axis=-1, descending=False, stable=True):
    return (_first(grad_output).copy(),)


def permuted_twice_sort_backward(grad_output, x, axis=-1, descending=False, stable=True):
    """Takes along the permutation where its inverse is needed."""
    dy = _first(grad_output)
    return (dy.copy() if x.ndim == 0 else np.take_along_axis(dy, flipped_sort(x, axis, descending)[1], axis),)


def ranks(x, axis=-1, descending=False, stable=True):
    """The rank of each entry instead of the entry of each rank."""
    if x.ndim == 0:
        return np.int64(0)
    return np.argsort(flipped_sort(x, axis, descending)[1], axis=axis, kind="stable")


def ascending_argsort(x, axis=-1, descending=False, stable=True):
    return np.int64(0) if x.ndim == 0 else np.argsort(x, axis=axis, kind="stable")


def clamped_histogram(x, bins, range):
    """Counts what lies outside in the outer bins."""
    h, t = np.histogram(np.clip(x[~np.isnan(x)], *range), bins=bins, range=range)
    return h.astype(np.float64), t


def open_histogram(x, bins, range):
    """Leaves the right end out of the last bin."""
    h, t = np.histogram(x[np.isfinite(x) & (x != range[1])], bins=bins, range=range)
    return h.astype(np.float64), t


def density_histogram(x, bins, range):
    h, t = np.histogram(x[np.isfinite(x)], bins=bins, range=range)
    return h / max(x.size, 1), t


WRONG = (
    _wrong("median", "mean of the middle two", averaged_median),
    _wrong("median", "upper median", upper_median),
    _wrong("median", "nan ignored", median_without_nan),
    _wrong("median", "gradient spread over the row", backward=spread_median_backward),
    _wrong("quantile", "forgets interpolation", always_linear_quantile),
    _wrong("quantile", "another rank", weibull_quantile),
    _wrong("quantile", "nan ignored", quantile_without_nan),
    _wrong("quantile", "gradient to the lower neighbour", backward=lower_quantile_backward),
    _wrong("nan_to_num", "zero for infinities", zero_for_infinities),
    _wrong("nan_to_num", "writes into its input", in_place_nan_to_num, raw=True),
    _wrong("nan_to_num", "gradient straight through", backward=straight_through_nan_to_num),
    _wrong("topk", "forgets largest", always_largest_topk),
    _wrong("topk", "nan smallest", topk_nan_last),
    _wrong("topk", "gradient to the front", backward=topk_gradient_to_the_front),
    _wrong("sort", "nan last in descending order", sort_nan_always_last),
    _wrong("sort", "descending by flipping", flipped_sort, raw=True),
    _wrong("sort", "gradient not permuted", backward=unpermuted_sort_backward),
    _wrong("sort", "gradient along the permutation", backward=permuted_twice_sort_backward),
    _wrong("argsort", "ranks", ranks, raw=True),
    _wrong("argsort", "forgets descending", ascending_argsort, raw=True),
    _wrong("histogram", "clamps what lies outside", clamped_histogram),
    _wrong("histogram", "last bin open", open_histogram),
    _wrong("histogram", "densities", density_histogram),
)
