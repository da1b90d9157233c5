"""Wrong normalizations: each of these must turn the suite red."""

from __future__ import annotations

import functools
import warnings

import numpy as np

from npimpl import normalization as n
from parity_tests.candidates import Candidate

__all__ = ["WRONG"]


def _quiet(f):
    """Without the warnings of overflowing squares and empty means."""

    @functools.wraps(f)
    def quiet(*args, **options):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return f(*args, **options)

    return quiet


def _axes(x, normalized_shape):
    return tuple(range(x.ndim - len(normalized_shape), x.ndim))


def _affine(y, weight, bias):
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _column(a, x):
    return None if a is None else a.reshape(-1, *(1,) * (x.ndim - 2))


def _first(grad_output):
    return grad_output[0] if isinstance(grad_output, tuple) else grad_output


# -- layer_norm ----------------------------------------------------------------------------------------------------------
@_quiet
def layer_norm_one_pass(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    axes = _axes(x, normalized_shape)
    m = x.mean(axes, keepdims=True)
    v = (x * x).mean(axes, keepdims=True) - m * m
    return _affine((x - m) / np.sqrt(v + x.dtype.type(eps)), weight, bias)


@_quiet
def layer_norm_one_pass_wide(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    """One pass again, in float64: good enough for float32 unless the spread is a few of its units."""
    return layer_norm_one_pass(x.astype(np.float64), normalized_shape, weight, bias, eps).astype(x.dtype)


@_quiet
def layer_norm_eps_outside(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    w = x.astype(np.float64)
    axes = _axes(x, normalized_shape)
    y = (w - w.mean(axes, keepdims=True)) / (w.std(axes, keepdims=True) + eps)
    return _affine(y, weight, bias).astype(x.dtype)


@_quiet
def layer_norm_unbiased(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    w = x.astype(np.float64)
    axes = _axes(x, normalized_shape)
    count = max(int(np.prod(normalized_shape)), 2)
    v = w.var(axes, keepdims=True) * count / (count - 1)
    return _affine((w - w.mean(axes, keepdims=True)) / np.sqrt(v + eps), weight, bias).astype(x.dtype)


def layer_norm_widened(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    return n.layer_norm(x, normalized_shape, weight, bias, eps).astype(np.float64)


def layer_norm_last_axis_only(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    y = n.layer_norm(x, x.shape[-1:], None, None, eps)
    return _affine(y, weight, bias).astype(x.dtype)


@_quiet
def layer_norm_backward_no_mean(grad_output, x, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Forgets that the mean moves with x: invisible to a cotangent that sums to 0."""
    _, dw, db = n.layer_norm_backward(grad_output, x, normalized_shape, weight, bias, eps)
    g = grad_output if weight is None else grad_output * weight
    y = n.layer_norm(x, normalized_shape, None, None, eps)
    axes = _axes(x, normalized_shape)
    s = np.sqrt(x.var(axes, keepdims=True) + x.dtype.type(eps))
    return (g - y * (g * y).mean(axes, keepdims=True)) / s, dw, db


def layer_norm_backward_weight_mean(grad_output, x, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Averages the gradient of the weight over the samples."""
    dx, dw, db = n.layer_norm_backward(grad_output, x, normalized_shape, weight, bias, eps)
    samples = max(x.size // max(int(np.prod(normalized_shape)), 1), 1)
    return dx, None if dw is None else dw / samples, db


# -- rms_norm ------------------------------------------------------------------------------------------------------------
@_quiet
def rms_norm_centred(x, normalized_shape, weight=None, eps=None):
    eps = np.finfo(x.dtype).eps if eps is None else eps
    return n.layer_norm(x, normalized_shape, weight, None, eps)


def rms_norm_eps_of_layer_norm(x, normalized_shape, weight=None, eps=None):
    return n.rms_norm(x, normalized_shape, weight, 1e-5)


@_quiet
def rms_norm_backward_constant_scale(grad_output, x, normalized_shape, weight=None, eps=None):
    """Treats the root mean square as a constant."""
    _, dw = n.rms_norm_backward(grad_output, x, normalized_shape, weight, eps)
    one = n.rms_norm(np.ones_like(x), normalized_shape, None, 0.0)
    y = n.rms_norm(x, normalized_shape, weight, eps)
    return grad_output * one * np.where(x == 0, 0, y / x), dw


# -- batch_norm ----------------------------------------------------------------------------------------------------------
@_quiet
def batch_norm_biased_running(
    x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):  # fmt: skip
    """Records the biased variance."""
    y, m, v = n.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)
    if training and v is not None and x.size:
        count = x.size // x.shape[1]
        v = running_var * (1 - momentum) + (v - running_var * (1 - momentum)) * (count - 1) / count
    return y, m, v


def batch_norm_momentum_swapped(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    return n.batch_norm(x, running_mean, running_var, weight, bias, training, 1 - momentum, eps)


def batch_norm_in_place(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Updates the running statistics it was given, as torch does."""
    y, m, v = n.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)
    if m is not None:
        running_mean[...], running_var[...] = m, v
    return y, m, v


def batch_norm_always_training(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    return n.batch_norm(x, running_mean, running_var, weight, bias, True, momentum, eps)


@_quiet
def batch_norm_one_pass(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    y, m, v = n.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)
    if training and x.size:
        axes = (0, *range(2, x.ndim))
        mean = x.mean(axes, keepdims=True)
        var = (x * x).mean(axes, keepdims=True) - mean * mean
        y = _affine((x - mean) / np.sqrt(var + x.dtype.type(eps)), _column(weight, x), _column(bias, x))
    return y, m, v


@_quiet
def batch_norm_backward_as_if_running(
    grad_output, x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """Treats the batch's own statistics as constants."""
    dx, m, v, dw, db = n.batch_norm_backward(grad_output, x, running_mean, running_var, weight, bias, training, momentum, eps)
    if training and x.size:
        axes = (0, *range(2, x.ndim))
        s = np.sqrt(x.var(axes, keepdims=True) + x.dtype.type(eps))
        g = _first(grad_output)
        dx = (g if weight is None else g * _column(weight, x)) / s
    return dx, m, v, dw, db


# -- group_norm, instance_norm ---------------------------------------------------------------------------------------------
def group_norm_interleaved(x, num_groups, weight=None, bias=None, eps=1e-5):
    """Groups channels c with equal c mod G instead of neighbours."""
    order = np.arange(x.shape[1]).reshape(-1, num_groups).T.reshape(-1)
    y = np.empty_like(x)
    y[:, order] = n.group_norm(x[:, order], num_groups, None, None, eps)
    return _affine(y, _column(weight, x), _column(bias, x))


def group_norm_one_group(x, num_groups, weight=None, bias=None, eps=1e-5):
    return n.group_norm(x, 1, weight, bias, eps)


@_quiet
def group_norm_backward_sum_not_mean(grad_output, x, num_groups, weight=None, bias=None, eps=1e-5):
    """Forgets the second mean."""
    _, dw, db = n.group_norm_backward(grad_output, x, num_groups, weight, bias, eps)
    g = (
        (grad_output if weight is None else grad_output * _column(weight, x)).reshape(x.shape[0], num_groups, -1)
        if x.size
        else x
    )
    if not x.size:
        return x.copy(), dw, db
    rows = x.reshape(g.shape)
    dx = (g - g.mean(-1, keepdims=True)) / np.sqrt(rows.var(-1, keepdims=True) + x.dtype.type(eps))
    return dx.reshape(x.shape), dw, db


def instance_norm_over_batch(
    x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    return n.batch_norm(x, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)[0]


def instance_norm_ignores_running(
    x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    return n.instance_norm(x, None, None, weight, bias, True, momentum, eps)


def instance_norm_backward_ignores_weight(
    grad_output, x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    options = {"use_input_stats": use_input_stats, "eps": eps}
    _, m, v, dw, db = n.instance_norm_backward(grad_output, x, running_mean, running_var, weight, bias, **options)
    return n.instance_norm_backward(grad_output, x, running_mean, running_var, None, bias, **options)[0], m, v, dw, db


# -- local_response_norm ---------------------------------------------------------------------------------------------------
def local_response_norm_alpha_undivided(x, size, alpha=1e-4, beta=0.75, k=1.0):
    """The formula of the paper."""
    return n.local_response_norm(x, size, alpha * size, beta, k)


def local_response_norm_window_reversed(x, size, alpha=1e-4, beta=0.75, k=1.0):
    """For an even size, one channel more on the wrong side."""
    return n.local_response_norm(x[:, ::-1], size, alpha, beta, k)[:, ::-1].copy()


def local_response_norm_backward_own_term(grad_output, x, size, alpha=1e-4, beta=0.75, k=1.0):
    """Only the direct term: as if the neighbourhood were constant."""
    y = n.local_response_norm(x, size, alpha, beta, k)
    with np.errstate(all="ignore"):
        return (np.where(x == 0, grad_output * x.dtype.type(k) ** -beta, grad_output * y / x).astype(x.dtype),)


WRONG = (
    Candidate("normalization.layer_norm", "one-pass variance", layer_norm_one_pass),
    Candidate("normalization.layer_norm", "one-pass variance in float64", layer_norm_one_pass_wide),
    Candidate("normalization.layer_norm", "eps outside the root", layer_norm_eps_outside),
    Candidate("normalization.layer_norm", "unbiased variance", layer_norm_unbiased),
    Candidate("normalization.layer_norm", "float64 result", layer_norm_widened, dtypes=("float32",)),
    Candidate("normalization.layer_norm", "last axis only", layer_norm_last_axis_only),
    Candidate("normalization.layer_norm", "gradient without the mean", None, layer_norm_backward_no_mean),
    Candidate("normalization.layer_norm", "weight gradient averaged", None, layer_norm_backward_weight_mean),
    Candidate("normalization.rms_norm", "subtracts the mean", rms_norm_centred),
    Candidate("normalization.rms_norm", "eps of layer_norm", rms_norm_eps_of_layer_norm),
    Candidate("normalization.rms_norm", "scale taken as constant in the gradient", None, rms_norm_backward_constant_scale),
    Candidate("normalization.batch_norm", "biased running variance", batch_norm_biased_running),
    Candidate("normalization.batch_norm", "momentum the other way round", batch_norm_momentum_swapped),
    Candidate("normalization.batch_norm", "updates in place", batch_norm_in_place),
    Candidate("normalization.batch_norm", "always training", batch_norm_always_training),
    Candidate("normalization.batch_norm", "one-pass variance", batch_norm_one_pass),
    Candidate("normalization.batch_norm", "statistics constant in the gradient", None, batch_norm_backward_as_if_running),
    Candidate("normalization.group_norm", "interleaved groups", group_norm_interleaved),
    Candidate("normalization.group_norm", "one group", group_norm_one_group),
    Candidate("normalization.group_norm", "gradient without the second mean", None, group_norm_backward_sum_not_mean),
    Candidate("normalization.instance_norm", "over the batch", instance_norm_over_batch),
    Candidate("normalization.instance_norm", "ignores running statistics", instance_norm_ignores_running),
    Candidate("normalization.instance_norm", "gradient without the weight", None, instance_norm_backward_ignores_weight),
    Candidate("normalization.local_response_norm", "alpha not divided", local_response_norm_alpha_undivided),
    Candidate("normalization.local_response_norm", "window the other way round", local_response_norm_window_reversed),
    Candidate(
        "normalization.local_response_norm", "gradient of the direct term only", None, local_response_norm_backward_own_term
    ),
)
