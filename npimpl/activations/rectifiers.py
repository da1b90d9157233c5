r"""Activations made of straight lines: relu and its leaky, learnt and clipped relatives.

Each is exact up to one to three roundings.  What matters is the derivative at the corners, where there is none: the
library takes the convention of PyTorch, stated with each op.  A nan stays nan, in the value and in the gradient.
"""

from __future__ import annotations

import numpy as np

from npimpl._axes import pairwise_sum
from npimpl._elementwise import elementwise
from npimpl._precision import as_float, rounded, widen
from npimpl.activations._scaled import nan_where_nan

__all__ = [
    "hardsigmoid", "hardsigmoid_backward", "hardswish", "hardswish_backward", "hardtanh", "hardtanh_backward",
    "leaky_relu", "leaky_relu_backward", "prelu", "prelu_backward", "relu", "relu6", "relu6_backward", "relu_backward",
    "threshold", "threshold_backward",
]  # fmt: skip


@elementwise("x")
def relu(x):
    r"""Keep what is positive, replace the rest by zero.

    $$y_i = \max(x_i, 0)$$

    Exact: no arithmetic happens.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: relu(-inf) = 0, relu(inf) = inf, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Nair & Hinton, Rectified linear units improve restricted Boltzmann machines (2010).

    >>> relu(np.array([-2.0, 3.0]))
    array([0., 3.])
    """
    return np.maximum(x, 0.0)


@elementwise("grad_output", "x")
def relu_backward(grad_output, x):
    r"""The gradient of relu.

    The slope is 1 for x > 0 and 0 for x < 0; at the corner x = 0 the subgradient 0 is taken.  The Jacobian is
    diagonal, so the vector-Jacobian product multiplies elementwise: $dx_i = dy_i\,[x_i > 0]$.

    >>> relu_backward(np.array([5.0, 5.0, 5.0]), np.array([-1.0, 0.0, 1.0]))
    (array([0., 0., 5.]),)
    """
    return (nan_where_nan(np.where(x > 0, grad_output, 0.0), x),)


@elementwise("x")
def relu6(x):
    r"""relu that saturates at six.

    $$y_i = \min(\max(x_i, 0), 6)$$

    Exact.  The bound keeps the range of fixed-point arithmetic small, which is what it was invented for.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: relu6(-inf) = 0, relu6(inf) = 6, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Krizhevsky, Convolutional deep belief networks on CIFAR-10 (2010).

    >>> relu6(np.array([-2.0, 3.0, 9.0]))
    array([0., 3., 6.])
    """
    return np.clip(x, 0.0, 6.0)


@elementwise("grad_output", "x")
def relu6_backward(grad_output, x):
    r"""The gradient of relu6: slope 1 strictly between the corners, 0 on and outside them.

    $dx_i = dy_i\,[0 < x_i < 6]$.

    >>> relu6_backward(np.array([5.0, 5.0, 5.0]), np.array([0.0, 1.0, 6.0]))
    (array([0., 5., 0.]),)
    """
    return (_between(grad_output, x, 0.0, 6.0),)


@elementwise("x")
def leaky_relu(x, negative_slope=0.01):
    r"""relu with a small slope a on the negative side, so that no unit ever stops learning.

    $$y_i = \begin{cases} x_i & x_i > 0 \\ a\,x_i & \text{otherwise}\end{cases}$$

    One rounding on the negative side, none on the positive one.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: leaky_relu(-inf) = -inf for a > 0; nan stays nan.
    Raises: TypeError if x is not real.
    Source: Maas, Hannun & Ng, Rectifier nonlinearities improve neural network acoustic models (2013).

    >>> leaky_relu(np.array([-2.0, 3.0]), negative_slope=0.5)
    array([-1.,  3.])
    """
    return np.where(x > 0, x, negative_slope * x)


@elementwise("grad_output", "x")
def leaky_relu_backward(grad_output, x, negative_slope=0.01):
    r"""The gradient of leaky_relu: slope 1 for x > 0, a otherwise (also at the corner).

    $dx_i = dy_i$ or $a\,dy_i$.

    >>> leaky_relu_backward(np.array([4.0, 4.0]), np.array([0.0, 3.0]), negative_slope=0.5)
    (array([2., 4.]),)
    """
    return (nan_where_nan(np.where(x > 0, grad_output, negative_slope * grad_output), x),)


@np.errstate(all="ignore")
def prelu(x, weight):
    r"""leaky_relu whose slope is learnt: one slope for all channels, or one for each channel.

    $$y_{nc\ldots} = \begin{cases} x_{nc\ldots} & x_{nc\ldots} > 0 \\ w_c\,x_{nc\ldots} & \text{otherwise}\end{cases}$$

    One rounding on the negative side.

    Shapes: x (N, C, ...) or any shape if there is one weight; weight (C,), (1,) or (); y as x, in their common dtype.
    Special values: as the arithmetic gives them; w = 0 makes prelu(-inf) nan, as 0 times inf is.
    Raises: ValueError if weight has more than one axis, or neither one entry nor one for each channel.
    Source: He, Zhang, Ren & Sun, Delving deep into rectifiers (2015), eq. 1.

    >>> prelu(np.array([[-2.0, -2.0], [3.0, 3.0]]), np.array([0.5, 2.0]))
    array([[-1., -4.],
           [ 3.,  3.]])
    """
    (x, weight), dtype = widen(x, weight, names=("x", "weight"))
    w = _per_channel(weight, x)
    return rounded(np.where(x > 0, x, w * x), dtype)


@np.errstate(all="ignore")
def prelu_backward(grad_output, x, weight):
    r"""The gradients of prelu for its input and its slopes.

    Element derivatives: $\partial y/\partial x = [x > 0] + w_c[x \le 0]$ and $\partial y/\partial w_c = x\,[x \le 0]$.
    Each slope is used by every element of its channel, so its vector-Jacobian product sums over all other axes:
    $dw_c = \sum_{n\ldots} dy_{nc\ldots}\,x_{nc\ldots}\,[x_{nc\ldots} \le 0]$.

    >>> prelu_backward(np.ones((1, 3)), np.array([[-2.0, 3.0, -1.0]]), np.array([0.5]))
    (array([[0.5, 1. , 0.5]]), array([-3.]))
    """
    (dy, v, w), _ = widen(grad_output, x, weight, names=("grad_output", "x", "weight"))
    if dy.shape != v.shape:
        raise ValueError(f"`grad_output` has shape {dy.shape} but x has {v.shape}; give one cotangent for each element.")
    dx = np.where(v > 0, dy, _per_channel(w, v) * dy)
    others = tuple(i for i in range(v.ndim) if w.size == 1 or i != 1)
    dw = _sum_of_products(dy, np.where(v > 0, 0.0, v), others).reshape(w.shape) if w.size else w
    return rounded(dx, as_float(x).dtype), rounded(dw, as_float(weight).dtype)


@elementwise("x")
def hardtanh(x, min_val=-1.0, max_val=1.0):
    r"""Clip to an interval: the tanh made of three straight lines.

    $$y_i = \min(\max(x_i, a), b)$$

    Exact.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: hardtanh(-inf) = a, hardtanh(inf) = b, nan stays nan.
    Raises: ValueError if min_val > max_val.
    Source: Collobert, Large scale machine learning (2004).

    >>> hardtanh(np.array([-2.0, 0.5, 9.0]), max_val=4.0)
    array([-1. ,  0.5,  4. ])
    """
    _check_interval(min_val, max_val)
    return np.clip(x, min_val, max_val)


@elementwise("grad_output", "x")
def hardtanh_backward(grad_output, x, min_val=-1.0, max_val=1.0):
    r"""The gradient of hardtanh: slope 1 strictly inside the interval, 0 on its ends and outside.

    $dx_i = dy_i\,[a < x_i < b]$.

    >>> hardtanh_backward(np.array([5.0, 5.0]), np.array([0.5, 1.0]))
    (array([5., 0.]),)
    """
    _check_interval(min_val, max_val)
    return (_between(grad_output, x, min_val, max_val),)


@elementwise("x")
def hardsigmoid(x):
    r"""The sigmoid made of three straight lines.

    $$y_i = \tfrac16\,\mathrm{relu6}(x_i + 3)$$

    Near the corner -3 the sum x + 3 is exact, so the small values there keep all their digits, which x/6 + 1/2 would lose.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: hardsigmoid(-inf) = 0, hardsigmoid(inf) = 1, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Howard et al., Searching for MobileNetV3 (2019), section 5.2.

    >>> hardsigmoid(np.array([-3.0, 0.0, 1.5]))
    array([0.  , 0.5 , 0.75])
    """
    return np.clip(x + 3.0, 0.0, 6.0) / 6.0


@elementwise("grad_output", "x")
def hardsigmoid_backward(grad_output, x):
    r"""The gradient of hardsigmoid: slope 1/6 strictly between -3 and 3, 0 on these corners and outside.

    $dx_i = \tfrac16\,dy_i\,[-3 < x_i < 3]$.

    >>> hardsigmoid_backward(np.array([6.0, 6.0]), np.array([0.0, 3.0]))
    (array([1., 0.]),)
    """
    return (_between(grad_output / 6.0, x, -3.0, 3.0),)


@elementwise("x")
def hardswish(x):
    r"""x times hardsigmoid(x): the silu made of two lines and a parabola.

    $$y_i = \tfrac16\,x_i\,\mathrm{relu6}(x_i + 3)$$

    From 3 on it is x itself; multiplying by 6 and dividing again would overflow for the largest x.  Below -3 it is zero;
    x is raised to -3 first, so that -inf does not meet a factor of zero.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: hardswish(-inf) = -0 (its limit), hardswish(inf) = inf, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Howard et al., Searching for MobileNetV3 (2019), section 5.2.

    >>> hardswish(np.array([-1.5, 3.0, 5.0]))
    array([-0.375,  3.   ,  5.   ])
    """
    v = np.maximum(x, -3.0)
    return np.where(x >= 3, x, v * (v + 3.0) / 6.0)


@elementwise("grad_output", "x")
def hardswish_backward(grad_output, x):
    r"""The gradient of hardswish.

    The parabola $x(x + 3)/6$ has the slope $(2x + 3)/6$; outside, the slope is 0 (x <= -3, the corner included) or 1
    (x >= 3, the corner included).  Doubling is exact and so is the sum near its root -3/2: no digit is lost there.
    $dx_i = dy_i\,(2x_i + 3)/6$ inside.

    >>> hardswish_backward(np.array([1.0, 1.0, 1.0]), np.array([-3.0, 1.5, 3.0]))
    (array([0., 1., 1.]),)
    """
    inside = grad_output * ((2.0 * x + 3.0) / 6.0)
    return (np.where(x <= -3, 0.0, np.where(x >= 3, grad_output, inside)),)


@elementwise("x")
def threshold(x, threshold, value):
    r"""Keep what lies above a threshold, replace the rest by a constant.

    $$y_i = \begin{cases} x_i & x_i > \theta \\ v & \text{otherwise}\end{cases}$$

    Exact (v is rounded to the dtype of x).

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: nan stays nan.
    Raises: TypeError if x is not real.

    >>> threshold(np.array([0.5, 0.6]), 0.5, -1.0)
    array([-1. ,  0.6])
    """
    return nan_where_nan(np.where(x > threshold, x, value), x)


@elementwise("grad_output", "x")
def threshold_backward(grad_output, x, threshold, value):
    r"""The gradient of threshold: slope 1 above the threshold; 0 on it and below, where the result is a constant.

    $dx_i = dy_i\,[x_i > \theta]$; `value` does not matter.

    >>> threshold_backward(np.array([5.0, 5.0]), np.array([0.5, 0.6]), 0.5, -1.0)
    (array([0., 5.]),)
    """
    return (nan_where_nan(np.where(x > threshold, grad_output, 0.0), x),)


def _between(dy, x, low, high):
    """dy strictly between `low` and `high`, 0 elsewhere, nan where x is nan."""
    return nan_where_nan(np.where((x > low) & (x < high), dy, 0.0), x)


def _check_interval(low, high):
    if low > high:
        raise ValueError(f"min_val={low} is above max_val={high}; give an interval with min_val <= max_val.")


def _per_channel(w, x):
    """The weights in a shape that broadcasts along the channels (axis 1) of x."""
    channels = x.shape[1] if x.ndim > 1 else 1
    if w.ndim > 1 or w.size not in (1, channels):
        allowed = "one entry" if channels == 1 else f"one entry or {channels}, one for each channel of x"
        raise ValueError(f"`weight` has shape {w.shape}, but must have {allowed} (x has shape {x.shape}).")
    return w.reshape(()) if w.size == 1 else w.reshape((-1,) + (1,) * (x.ndim - 2))


def _sum_of_products(a, b, axes):
    """sum a b over `axes`; if it comes out inf, nan or tiny, again with the factors' exponents taken apart."""
    total = pairwise_sum(a * b, axes)
    if np.all(np.isfinite(total) & (np.abs(total) > 1e-280)):
        return total
    (ma, ka), (mb, kb) = np.frexp(a), np.frexp(b)
    m, k = ma * mb, (ka + kb).astype(np.int64)
    top = np.max(np.where(m == 0, -4000, k), axis=axes, keepdims=True, initial=-4000)
    terms = np.ldexp(m, np.maximum(k - top, -2000).astype(np.int32))
    return np.ldexp(pairwise_sum(terms, axes), top.reshape(total.shape).astype(np.int32))
