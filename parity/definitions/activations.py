"""The activations as textbooks write them.

Corners, thresholds and what happens on them are conventions (PyTorch's), so they are written out here; nothing else is
done for the sake of floating point, except that a softmax is shifted: exp(1e308) has no place even in a ball.
"""

from __future__ import annotations

import functools

import numpy as np

from parity.definitions._functions import elementwise, erfc, inf, isfinite, maximum, pi, ratio, scaled, sqrt2, where

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


# -- made of straight lines --------------------------------------------------------------------------------------------
@elementwise({inf: (inf, 1.0), -inf: (0.0, 0.0)})
def relu(x):
    """max(x, 0), with slope 0 at 0."""
    return where(x > 0, x, 0)


@elementwise({inf: (6.0, 0.0), -inf: (0.0, 0.0)})
def relu6(x):
    """min(max(x, 0), 6), with slope 0 at both corners."""
    return where(x <= 0, 0, where(x >= 6, 6, x))


def _is_rising(negative_slope=1.0, alpha=1.0):
    """Whether the left side rises to 0, so that a zero keeps its sign; where it falls, nothing says which zero comes out."""
    return negative_slope > 0 and alpha > 0


@elementwise(lambda negative_slope=0.01: {inf: (inf, 1.0), -inf: (-inf * negative_slope, negative_slope)}, odd=_is_rising)
def leaky_relu(x, negative_slope=0.01):
    """x or a x, with slope a at 0."""
    return where(x > 0, x, negative_slope * x)


def prelu(x, weight):
    """x or w x, with slope w at 0; one w for all or one for each channel (axis 1)."""
    w = weight.reshape(()) if weight.size == 1 else weight.reshape((-1,) + (1,) * (x.ndim - 2))
    return where(x > 0, x, w * x)


@elementwise(lambda min_val=-1.0, max_val=1.0: {inf: (max_val, 0.0), -inf: (min_val, 0.0)})
def hardtanh(x, min_val=-1.0, max_val=1.0):
    """min(max(x, a), b), with slope 0 at both corners."""
    return where(x <= min_val, min_val, where(x >= max_val, max_val, x))


@elementwise({inf: (1.0, 0.0), -inf: (0.0, 0.0)})
def hardsigmoid(x):
    """(x + 3)/6 between 0 and 1, with slope 0 at both corners."""
    return where(x <= -3, 0, where(x >= 3, 1, (x + 3) / 6))


@elementwise({inf: (inf, 1.0), -inf: (-0.0, 0.0)}, odd=True)
def hardswish(x):
    """x (x + 3)/6 between -3 and 3, with slope 0 at -3 and 1 at 3."""
    return where(x <= -3, 0, where(x >= 3, x, x * (x + 3) / 6))


@elementwise(lambda threshold, value: {inf: (inf, 1.0), -inf: (value, 0.0)})
def threshold(x, threshold, value):
    """x above the threshold, a constant on it and below."""
    return where(x > threshold, x, value)


@elementwise({inf: (inf, 1.0), -inf: (-inf, 1.0)})
def hardshrink(x, lambd=0.5):
    """x outside [-lambda, lambda], 0 inside."""
    return where((x >= -lambd) & (x <= lambd), 0, x)


@elementwise({inf: (inf, 1.0), -inf: (-inf, 1.0)})
def softshrink(x, lambd=0.5):
    """x moved towards 0 by lambda, and 0 inside [-lambda, lambda]."""
    return where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0))


# -- with exponentials -------------------------------------------------------------------------------------------------
@elementwise(lambda alpha=1.0: {inf: (inf, 1.0), -inf: (-alpha, 0.0)}, odd=_is_rising)
def elu(x, alpha=1.0):
    """x or alpha (e^x - 1), with slope alpha at 0."""
    return where(x > 0, x, alpha * (np.exp(x) - 1))


@elementwise(lambda alpha=1.0: {inf: (inf, 1.0), -inf: (-alpha, 0.0)}, odd=_is_rising)
def celu(x, alpha=1.0):
    """x or alpha (e^(x/alpha) - 1)."""
    return where(x > 0, x, alpha * (np.exp(x / alpha) - 1))


@elementwise({inf: (inf, SELU_SCALE), -inf: (-SELU_SCALE * SELU_ALPHA, 0.0)}, odd=True)
def selu(x):
    """lambda x or lambda alpha (e^x - 1), with slope lambda alpha at 0; both constants are the doubles."""
    return SELU_SCALE * where(x > 0, x, SELU_ALPHA * (np.exp(x) - 1))


@elementwise({inf: (1.0, 0.0), -inf: (0.0, 0.0)})
def sigmoid(x):
    """1/(1 + e^-x)."""
    return 1 / (1 + np.exp(-x))


@elementwise({inf: (0.0, 0.0), -inf: (-inf, 1.0)})
def logsigmoid(x):
    """log(1/(1 + e^-x)) = log(e^x/(1 + e^x))."""
    return where(x < 0, x - np.log(1 + np.exp(x)), -np.log(1 + np.exp(-x)))


@elementwise({inf: (1.0, 0.0), -inf: (-1.0, 0.0)}, odd=True)
def tanh(x):
    """The hyperbolic tangent."""
    return np.tanh(x)


@elementwise({inf: (inf, 1.0), -inf: (-inf, 1.0)})
def tanhshrink(x):
    """x - tanh(x)."""
    return x - np.tanh(x)


@elementwise({inf: (1.0, 0.0), -inf: (-1.0, 0.0)}, odd=True)
def softsign(x):
    """x/(1 + |x|)."""
    return x / (1 + abs(x))


@elementwise({inf: (inf, 1.0), -inf: (0.0, 0.0)})
def softplus(x, beta=1.0, threshold=20.0):
    """log(1 + e^(beta x))/beta, and x itself beyond the threshold."""
    return where(x * beta > threshold, x, np.log1p(np.exp(x * beta)) / beta)


# -- gated -------------------------------------------------------------------------------------------------------------
GATED = {inf: (inf, 1.0), -inf: (-0.0, 0.0)}


@elementwise(GATED, odd=True)
def silu(x):
    """x/(1 + e^-x)."""
    return x / (1 + np.exp(-x))


@elementwise(GATED, odd=True)
def mish(x):
    """x tanh(log(1 + e^x))."""
    return x * np.tanh(np.log1p(np.exp(x)))


@elementwise(GATED, odd=True)
def gelu(x, approximate="none"):
    """x Phi(x), or x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))/2 with the constant as the decimal it is."""
    if approximate == "tanh":
        root = (2 / pi()).sqrt()
        return x / 2 * (1 + np.tanh(root * (x + ratio(44715, 1_000_000) * x**3)))
    return x / 2 * erfc(-x / sqrt2())


def glu(x, axis=-1):
    """One half of the channels times the sigmoid of the other half."""
    a, b = np.split(x, 2, axis=axis)
    return a / (1 + np.exp(-b))


# -- rows --------------------------------------------------------------------------------------------------------------
def _shifted(x, axis):
    """x minus the maximum of its row.  The maximum enters as a constant: its derivative cancels out of every quotient."""
    top = maximum.reduce(x, axis=axis, keepdims=True)
    return x - np.frompyfunc(lambda m: m.value, 1, 1)(top)


def _sum(x, axis):
    return np.sum(x, axis=axis, keepdims=True)


def _rows(f):
    """Let `f` see a single number as a row of length one, and no empty rows."""

    @functools.wraps(f)
    def on_rows(*arrays, axis=-1):
        arrays = [np.asarray(a, object) for a in arrays]
        if not arrays[-1].size:
            return arrays[-1]
        return f(*(a.reshape(1) if a.ndim == 0 else a for a in arrays), axis=axis).reshape(arrays[-1].shape)

    return on_rows


def _others(x, axis):
    """sum_{k != j} x_k for every j, without subtracting x_j from the sum."""
    x = np.moveaxis(x, axis, -1)
    none = x[..., :1] - x[..., :1]
    before = np.concatenate([none, np.cumsum(x[..., :-1], axis=-1)], axis=-1)
    after = np.concatenate([none, np.cumsum(x[..., :0:-1], axis=-1)], axis=-1)[..., ::-1]
    return np.moveaxis(before + after, -1, axis)


def _sizes(d):
    """|d|, and 0 where d is infinite (there the probability is 0)."""
    return where(isfinite(d), abs(d), 0)


def _probabilities(x, axis):
    """(p, |d|, the mean of |d| under p, 1 - p) of each row."""
    d = _shifted(x, axis)
    e = np.exp(d)
    s = _sum(e, axis)
    return e / s, _sizes(d), _sum(e * _sizes(d), axis) / s, _others(e, axis) / s


@_rows
def softmax_scale(x, axis=-1):
    """y (1 + |x - m| + sum_k y_k |x_k - m|): the rounding of the exponents x - m, each amplified by its size."""
    p, d, mean, _ = _probabilities(x, axis)
    return p * (1 + d + mean)


@_rows
def softmax_backward_scale(grad_output, x, axis=-1):
    """y_j ((1 - y_j) |dy_j| + sum_{k != j} y_k |dy_k|), each y with the amplification it has in the forward."""
    p, d, mean, rest = _probabilities(x, axis)
    dy, grown = abs(grad_output), 1 + d + mean
    return p * (grown * (rest * dy + _others(p * dy, axis)) + _others(p * dy * grown, axis))


@scaled(softmax_scale, softmax_backward_scale)
@_rows
def softmax(x, axis=-1):
    """e^x over its sum along the axis."""
    e = np.exp(_shifted(x, axis))
    return e / _sum(e, axis)


@_rows
def log_softmax_scale(x, axis=-1):
    """|y| + sum_k y_k |x_k - m|: the second term is the rounding of the exponents in the logarithm."""
    d = _shifted(x, axis)
    e = np.exp(d)
    s = _sum(e, axis)
    size = where(d == 0, np.log1p(_others(e, axis)), abs(d) + np.log(s))
    return size + _sum(e * _sizes(d), axis) / s


@_rows
def log_softmax_backward_scale(grad_output, x, axis=-1):
    """(1 - p_j) |dy_j| + p_j sum_{k != j} |dy_k|, and p_j |sum dy| times the amplification of p_j."""
    p, d, mean, rest = _probabilities(x, axis)
    dy = abs(grad_output)
    return rest * dy + p * _others(dy, axis) + p * (d * rest + mean) * _sum(dy, axis)


@scaled(log_softmax_scale, log_softmax_backward_scale)
@_rows
def log_softmax(x, axis=-1):
    """x minus the logarithm of the sum of e^x along the axis."""
    d = _shifted(x, axis)
    return d - np.log(_sum(np.exp(d), axis))


def softmin_scale(x, axis=-1):
    """softmax's, of -x."""
    return softmax_scale(-x, axis=axis)


def softmin_backward_scale(grad_output, x, axis=-1):
    """softmax's, of -x."""
    return softmax_backward_scale(grad_output, -x, axis=axis)


@scaled(softmin_scale, softmin_backward_scale)
def softmin(x, axis=-1):
    """e^-x over its sum along the axis."""
    return softmax(-x, axis=axis)
