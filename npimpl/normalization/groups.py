"""Normalization within each sample over groups of channels: group_norm, and instance_norm with one channel per group."""

from __future__ import annotations

import math

import numpy as np

from npimpl._precision import rounded, widen
from npimpl.normalization._affine import affine, affine_backward, channels_last_but_one, per_channel, sample_and_channels
from npimpl.normalization._rows import standardize, standardize_backward
from npimpl.normalization.channels import running_norm, running_norm_backward
from npimpl.reductions._wide import Wide, extreme, value

__all__ = ["group_norm", "group_norm_backward", "instance_norm", "instance_norm_backward"]


@np.errstate(all="ignore")
def group_norm(x, num_groups, weight=None, bias=None, eps=1e-5):
    r"""Bring each group of channels of each sample to mean 0 and variance 1, then scale and shift each channel.

    The C channels form G = `num_groups` groups of C/G neighbours.  For sample n, m and v are the mean and the (biased)
    variance over all channels and positions of the group that channel c belongs to:

        y_ncs = w_c (x_ncs - m_ng) / sqrt(v_ng + eps) + b_c,        g = floor(c G / C)

    Evaluated as `layer_norm` is, in float64 and in two passes, with rows of C/G * S numbers.

    Shapes: x (N, C, *), weight and bias (C,); y as x, in the dtype of x.
    Special values: a constant group gives exactly 0 (then b); a group with an infinity or nan gives nan.
    Raises: ValueError if x has fewer than two axes, G does not divide C, or weight or bias is not (C,).
    Source: Wu & He, "Group Normalization", 2018, eqs. 1, 2 and 7.

    >>> group_norm(np.array([[1.0, 3.0, 7.0, 7.0]]), 2, eps=0.0, bias=np.zeros(4))[0, :2]
    array([-1.,  1.])
    """
    is_extreme = extreme(x, weight, bias)
    x, dtype, rows, (w, b) = _grouped(x, num_groups, weight, bias)
    unit = standardize(Wide(rows) if is_extreme else rows, eps, dtype != np.float64).unit
    return rounded(value(affine(unit.reshape(_ncs(x)), w, b)).reshape(x.shape), dtype)


@np.errstate(all="ignore")
def group_norm_backward(grad_output, x, num_groups, weight=None, bias=None, eps=1e-5):
    r"""The vector-Jacobian product of `group_norm`: (dx, dw, db).

    With z = (x - m) / s, s = sqrt(v + eps), and g = w_c dy, each group is a row of `layer_norm`:

        dx = (g - mean(g) - z mean(g z)) / s        dw_c = sum_ns dy_ncs z_ncs        db_c = sum_ns dy_ncs

    with the means over the group.  None for a weight or bias that was not given.
    An infinite weight gives a nan gradient of x, because its row is centred and inf - inf has no value.

    >>> group_norm_backward(np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 5.0]]), 1)[0].round(4)
    array([[ 0.1763, -0.2204,  0.0441]])
    """
    is_extreme = extreme(x, grad_output, weight)
    x, dtype, rows, (w, _) = _grouped(x, num_groups, weight, bias)
    dy = widen(grad_output, names=("grad_output",))[0][0].reshape(_ncs(x))
    rows, dy = (Wide(rows), Wide(dy)) if is_extreme else (rows, dy)
    found = standardize(rows, eps, dtype != np.float64)
    if w is not None:
        w = np.broadcast_to(w, _ncs(x)[1:]).reshape(rows.shape[1:])
    dx = value(standardize_backward(dy.reshape(rows.shape), w, found)).reshape(x.shape)
    return rounded(dx, dtype), *affine_backward(dy, found.unit.reshape(_ncs(x)), weight, bias)


@np.errstate(all="ignore")
def instance_norm(
    x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):  # fmt: skip
    r"""Bring each channel of each sample to mean 0 and variance 1 over its positions, then scale and shift it.

        y_ncs = w_c (x_ncs - m_nc) / sqrt(v_nc + eps) + b_c

    m and v are the mean and the (biased) variance over the positions s.  With `use_input_stats=False` they are
    `running_mean` and `running_var` of the channel instead, as in `batch_norm` outside of training.
    Only y is returned: nothing is updated in place, and `momentum`, which belongs to such an update, changes nothing.

    Shapes: x (N, C, *), all others (C,); y as x, in the dtype of x.
    Special values: a constant channel gives exactly 0 (then b); one with an infinity or nan gives nan.
    Raises: ValueError if x has fewer than two axes; if there is only one position (its variance is 0 whatever x is);
    if the running statistics are needed and missing; if a shape is not (C,).
    Source: Ulyanov, Vedaldi & Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016.

    >>> instance_norm(np.array([[[1.0, 3.0], [4.0, 0.0]]]), eps=0.0)
    array([[[-1.,  1.],
            [ 1., -1.]]])
    """
    is_extreme = extreme(x, running_mean, running_var, weight, bias)
    x, dtype = sample_and_channels(x, 2)
    w, b, m, v = per_channel(x.shape[1], weight=weight, bias=bias, running_mean=running_mean, running_var=running_var)
    if not use_input_stats:
        _check_statistics(m, v)
        return rounded(running_norm(x, m, v, w, b, eps, is_extreme), dtype)
    rows = _positions(x)
    unit = standardize(Wide(rows) if is_extreme else rows, eps, dtype != np.float64).unit
    return rounded(value(affine(unit, w, b)).reshape(x.shape), dtype)


@np.errstate(all="ignore")
def instance_norm_backward(
    grad_output, x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    r"""The vector-Jacobian product of `instance_norm`: (dx, None, None, dw, db).

    With z = (x - m) / s, s = sqrt(v + eps), and g = w_c dy; means over the positions:

        dx = (g - mean(g) - z mean(g z)) / s        dw_c = sum_ns dy_ncs z_ncs        db_c = sum_ns dy_ncs

    With `use_input_stats=False` m and s do not depend on x, and dx = g / s.  The running statistics get no gradient.
    An infinite weight gives a nan gradient of x, because its row is centred and inf - inf has no value.

    >>> instance_norm_backward(np.array([[[1.0, 0.0, 0.0]]]), np.array([[[0.0, 1.0, 5.0]]]))[0].round(4)
    array([[[ 0.1763, -0.2204,  0.0441]]])
    """
    is_extreme = extreme(x, grad_output, running_mean, running_var, weight)
    x, dtype = sample_and_channels(x, 2)
    w, _, m, v = per_channel(x.shape[1], weight=weight, bias=bias, running_mean=running_mean, running_var=running_var)
    dy = widen(grad_output, names=("grad_output",))[0][0].reshape(_ncs(x))
    dy = Wide(dy) if is_extreme else dy
    if not use_input_stats:
        _check_statistics(m, v)
        dx, dw, db = running_norm_backward(dy, x, m, v, w, weight, bias, eps)
        return rounded(dx, dtype), None, None, dw, db
    rows = _positions(x)
    found = standardize(Wide(rows) if is_extreme else rows, eps, dtype != np.float64)
    dx = value(standardize_backward(dy, w, found)).reshape(x.shape)
    return rounded(dx, dtype), None, None, *affine_backward(dy, found.unit, weight, bias)


def _ncs(x: np.ndarray) -> tuple[int, int, int]:
    return (*x.shape[:2], math.prod(x.shape[2:]))


def _check_statistics(mean, variance) -> None:
    if mean is None or variance is None:
        raise ValueError("`use_input_stats=False` needs `running_mean` and `running_var`; give both.")


def _positions(x: np.ndarray) -> np.ndarray:
    if math.prod(x.shape[2:]) == 1:
        raise ValueError(f"`x` has shape {x.shape}, one position per channel, whose variance is always 0; give at least two.")
    return channels_last_but_one(x)


def _grouped(x, num_groups, weight, bias):
    x, dtype = sample_and_channels(x, 2)
    n, c = x.shape[:2]
    if num_groups < 1 or c % num_groups:
        raise ValueError(f"`num_groups` is {num_groups}, but must divide the {c} channels of x; choose one of their divisors.")
    rows = channels_last_but_one(x).reshape(n, num_groups, c // num_groups * math.prod(x.shape[2:]))
    return x, dtype, rows, per_channel(c, weight=weight, bias=bias)
