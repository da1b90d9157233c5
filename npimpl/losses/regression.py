"""Losses of a difference d = x - t: squares, absolute values, and the two ways to join them smoothly."""

from __future__ import annotations

import numpy as np

from npimpl._axes import broadcast_shape, pairwise_sum
from npimpl.losses._numerics import balanced, difference, normalized, passed_on, weighted, weighted_difference
from npimpl.losses._reduction import check_reduction, cotangent, gradients, homogeneous, operands, pointwise, require, wide

__all__ = [
    "huber_loss",
    "huber_loss_backward",
    "l1_loss",
    "l1_loss_backward",
    "mse_loss",
    "mse_loss_backward",
    "smooth_l1_loss",
    "smooth_l1_loss_backward",
]


def _check_weight(x, weight):
    require(
        weight is None or weight.shape == x.shape,
        f"`weight` has shape {None if weight is None else weight.shape}, but must have the shape {x.shape} of `x`.",
    )


def _normalized(arrays, reduction):
    """For a weighted mean: the weights divided by the power of two 2^k of the largest, their sum, and k.

    A weighted mean does not change when all weights are scaled, but huge or tiny ones would overflow or underflow in it.
    """
    if arrays[2] is None or reduction != "mean":
        return arrays, None, 0
    w, k = normalized(wide(arrays[2]))
    return [*arrays[:2], w], pairwise_sum(w), k


def _weighted(loss, degree):
    """The loss kernel times an optional weight."""
    return lambda x, t, w=None: loss(x, t) if w is None else weighted(w, loss, degree, x, t)


def _square(x, t):
    d = x - t
    return d * d


def _square_slope(c, x, t, w=None, k=0):
    return difference(2.0 * c, x, t) if w is None else weighted_difference(2.0 * c, w, x, t, k)


def _absolute(x, t):
    return np.abs(x - t)


def _absolute_slope(c, x, t, w=None, k=0):
    return (c if w is None else balanced(c, w, exponent=-k)) * np.sign(x - t)


@np.errstate(all="ignore")
def mse_loss(x, target, weight=None, reduction="mean"):
    """Mean squared error.

    l_i = w_i (x_i - t_i)^2;  "mean" is sum_i l_i / n, or sum_i l_i / sum_i w_i when weights are given.

    d = x - t has one rounding and its square one more, so every l_i is right to about two units in the last place, and a sum
    of non-negative terms adds only the logarithm of their number.  A mean that is representable does not overflow.

    Shapes: x, t broadcast together (usually equal, any shape); w has the shape of x; the result is 0-d, or has the
    broadcast shape for "none".  Its dtype is that of the arguments.
    Special values: (inf - finite)^2 = inf; inf - inf = nan; the mean of nothing is nan.
    Raises ValueError for an unknown reduction, shapes that do not broadcast, or a weight of another shape.

    >>> float(mse_loss(np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 1.0])))
    3.3333333333333335
    """
    check_reduction(reduction)
    arrays, dtype = operands(x=x, target=target, weight=weight)
    _check_weight(arrays[0], arrays[2])
    arrays, total, _ = _normalized(arrays, reduction)
    kernel = _weighted(_square, 2)
    return pointwise(kernel, arrays, dtype, reduction, total, homogeneous(kernel, 2, 2))


@np.errstate(all="ignore")
def mse_loss_backward(grad_output, x, target, weight=None, reduction="mean"):
    """Gradients of `mse_loss` for x, target and weight.

    d l_i / d x_i = 2 w_i (x_i - t_i) = -d l_i / d t_i and d l_i / d w_i = (x_i - t_i)^2.  With c = dy/n (or dy/W, W = sum w),
    dx = 2 c w (x - t), dt = -dx; for the weighted mean L the quotient rule gives dw_i = c ((x_i - t_i)^2 - L).

    >>> mse_loss_backward(1.0, np.array([1.0, 2.0]), np.array([0.0, 0.0]))[0]
    array([1., 2.])
    """
    check_reduction(reduction)
    arrays, _ = operands(x=x, target=target, weight=weight)
    _check_weight(arrays[0], arrays[2])
    return _weighted_gradients(grad_output, arrays, reduction, _square, 2, _square_slope)


def _weighted_gradients(grad_output, arrays, reduction, loss, degree, slope):
    """dx = slope(c, x, t) or 2^-k slope(c, x, t, w), dt = -dx, and dw = 2^-k c (loss - mean), for c made of weights w / 2^k.

    The loss is homogeneous of this degree: with differences far from one, it is compared with the mean at 2^-s of their size.
    """
    normal, total, k = _normalized(arrays, reduction)
    dy = cotangent(grad_output, broadcast_shape(*arrays[:2]), reduction, total)
    s = 0 if total is None else _far_exponent(*arrays[:2])
    mean = 0.0 if total is None else _weighted_mean(normal, loss, total, s)

    def kernel(dy, x, t, w):
        if w is None:
            dx = slope(dy, x, t)
            return dx, -dx, None
        dx = passed_on(dy, w, slope(dy, x, t, w, k))
        if total is None:
            return dx, -dx, weighted(dy, loss, degree, x, t)
        return dx, -dx, balanced(dy, _at(loss, x, t, s) - mean, exponent=degree * s - k)

    return gradients(kernel, dy, arrays)


def _far_exponent(x, t):
    """s with the largest finite |x - t| near 2^s, or 0 where its square is well inside the range anyway."""
    d = np.abs(0.5 * wide(x) - 0.5 * wide(t))
    s = 1 + int(np.frexp(d.max(initial=0.0, where=np.isfinite(d)))[1])
    return s if abs(s) > 400 else 0


def _at(loss, x, t, s):
    """The loss at 2^-s times x and t."""
    return loss(np.ldexp(x, -s), np.ldexp(t, -s)) if s else loss(x, t)


def _weighted_mean(arrays, loss, total, s):
    """The weighted mean of the loss at 2^-s times x and t."""

    def kernel(x, t, w):
        return w * _at(loss, x, t, s)

    return pointwise(kernel, arrays, np.dtype(np.float64), "mean", total)


@np.errstate(all="ignore")
def l1_loss(x, target, weight=None, reduction="mean"):
    """Mean absolute error.

    l_i = w_i |x_i - t_i|;  "mean" is sum_i l_i / n, or sum_i l_i / sum_i w_i when weights are given.

    One rounding for each difference; the sum has no cancellation.  A mean that is representable does not overflow.

    Shapes: x, t broadcast together; w has the shape of x; the result is 0-d, or has the broadcast shape for "none".
    Special values: |inf - finite| = inf; inf - inf = nan; the mean of nothing is nan.
    Raises ValueError for an unknown reduction, shapes that do not broadcast, or a weight of another shape.

    >>> float(l1_loss(np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0])))
    1.0
    """
    check_reduction(reduction)
    arrays, dtype = operands(x=x, target=target, weight=weight)
    _check_weight(arrays[0], arrays[2])
    arrays, total, _ = _normalized(arrays, reduction)
    kernel = _weighted(_absolute, 1)
    return pointwise(kernel, arrays, dtype, reduction, total, homogeneous(kernel, 2, 1))


@np.errstate(all="ignore")
def l1_loss_backward(grad_output, x, target, weight=None, reduction="mean"):
    """Gradients of `l1_loss` for x, target and weight.

    d|d|/dd = sign(d), with the subgradient 0 at d = 0 (and nan at nan).  With c = dy/n (or dy/W): dx = c w sign(x - t),
    dt = -dx, and for the weighted mean L, dw_i = c (|x_i - t_i| - L).

    >>> l1_loss_backward(1.0, np.array([3.0, 2.0]), np.array([1.0, 2.0]))[0]
    array([0.5, 0. ])
    """
    check_reduction(reduction)
    arrays, _ = operands(x=x, target=target, weight=weight)
    _check_weight(arrays[0], arrays[2])
    return _weighted_gradients(grad_output, arrays, reduction, _absolute, 1, _absolute_slope)


def _smooth(x, t, beta):
    """d^2 / (2 beta) inside |d| < beta as d/2 (d/beta), which cannot underflow before the result does."""
    a = np.abs(x - t)
    return np.where(a < beta, 0.5 * a * (a / beta), a - 0.5 * beta)


@np.errstate(all="ignore")
def smooth_l1_loss(x, target, reduction="mean", beta=1.0):
    """Absolute error with a parabola in place of its kink.

    l_i = d_i^2 / (2 beta) if |d_i| < beta, else |d_i| - beta/2, with d_i = x_i - t_i.  beta = 0 is `l1_loss`.

    The two pieces have equal values and slopes at |d| = beta, so a rounding error of d cannot make the loss jump; the
    subtraction |d| - beta/2 loses at most one bit because |d| >= beta.

    Shapes: x, t broadcast together; the result is 0-d, or has the broadcast shape for "none"; dtype of the arguments.
    Special values: inf for an infinite difference; nan for inf - inf; the mean of nothing is nan.
    Raises ValueError for a negative beta, an unknown reduction, or shapes that do not broadcast.
    Source: Girshick, Fast R-CNN (2015), eq. 3 (with beta = 1).

    >>> smooth_l1_loss(np.array([0.5, 3.0]), np.array([0.0, 0.0]), reduction="none")
    array([0.125, 2.5  ])
    """
    check_reduction(reduction)
    require(beta >= 0, f"`beta` is {beta}, but must be zero or positive.")
    arrays, dtype = operands(x=x, target=target)
    return pointwise(_smooth, [*arrays, np.float64(beta)], dtype, reduction, shrunk=homogeneous(_smooth, 3, 1))


@np.errstate(all="ignore")
def smooth_l1_loss_backward(grad_output, x, target, reduction="mean", beta=1.0):
    """Gradients of `smooth_l1_loss` for x and target.

    dl/dd = d / beta, limited to [-1, 1]: the parabola's slope inside, the sign outside (beta = 0: sign(d), 0 at d = 0).
    With c = dy/n: dx = c clip(d/beta, -1, 1), dt = -dx.

    >>> smooth_l1_loss_backward(1.0, np.array([0.5, -3.0]), np.array([0.0, 0.0]), reduction="sum")[0]
    array([ 0.5, -1. ])
    """
    check_reduction(reduction)
    require(beta >= 0, f"`beta` is {beta}, but must be zero or positive.")
    arrays, _ = operands(x=x, target=target)

    def kernel(dy, x, t):
        d = x - t
        dx = dy * (np.clip(d / beta, -1.0, 1.0) if beta else np.sign(d))
        return dx, -dx

    return gradients(kernel, cotangent(grad_output, broadcast_shape(*arrays), reduction), arrays)


def _huber(x, t, delta):
    a = np.abs(x - t)
    return np.where(a <= delta, 0.5 * a * a, delta * (a - 0.5 * delta))


@np.errstate(all="ignore")
def huber_loss(x, target, weight=None, reduction="mean", delta=1.0):
    """Squared error near zero, absolute error far away: quadratic where noise is Gaussian, linear for outliers.

    l_i = w_i d_i^2 / 2 if |d_i| <= delta, else w_i delta (|d_i| - delta/2), with d_i = x_i - t_i; "mean" is sum_i l_i / n,
    with weights too (unlike `mse_loss`, which divides by the sum of the weights).

    Values and slopes of the two pieces agree at |d| = delta, and |d| - delta/2 >= delta/2 loses at most one bit.

    Shapes: x, t broadcast together; w has the shape of x; the result is 0-d, or has the broadcast shape for "none".
    Special values: inf for an infinite difference; nan for inf - inf; the mean of nothing is nan.
    Raises ValueError unless delta > 0, for an unknown reduction, or for shapes that do not fit.
    Source: Huber, Robust Estimation of a Location Parameter, Ann. Math. Statist. 35 (1964).

    >>> huber_loss(np.array([0.5, 3.0]), np.array([0.0, 0.0]), reduction="none", delta=2.0)
    array([0.125, 4.   ])
    """
    check_reduction(reduction)
    require(delta > 0, f"`delta` is {delta}, but must be positive.")
    arrays, dtype = operands(x=x, target=target, weight=weight)
    _check_weight(arrays[0], arrays[2])

    def kernel(x, t, delta, w):
        return _huber(x, t, delta) if w is None else weighted(w, _huber, 2, x, t, delta)

    arrays = [*arrays[:2], np.float64(delta), arrays[2]]
    return pointwise(kernel, arrays, dtype, reduction, shrunk=homogeneous(kernel, 3, 2))


@np.errstate(all="ignore")
def huber_loss_backward(grad_output, x, target, weight=None, reduction="mean", delta=1.0):
    """Gradients of `huber_loss` for x, target and weight.

    dl/dd = w clip(d, -delta, delta): the difference itself inside, its limit outside.  With c = dy/n:
    dx = c w clip(d, -delta, delta), dt = -dx, dw = c l(d).

    >>> huber_loss_backward(1.0, np.array([0.5, -3.0]), np.array([0.0, 0.0]), reduction="sum")[0]
    array([ 0.5, -1. ])
    """
    check_reduction(reduction)
    require(delta > 0, f"`delta` is {delta}, but must be positive.")
    arrays, _ = operands(x=x, target=target, weight=weight)
    _check_weight(arrays[0], arrays[2])

    def kernel(dy, x, t, w):
        d = np.clip(x - t, -delta, delta)
        dx = dy * d if w is None else passed_on(dy, w, balanced(dy, w, d))
        return dx, -dx, None if w is None else weighted(dy, _huber, 2, x, t, np.float64(delta))

    return gradients(kernel, cotangent(grad_output, broadcast_shape(*arrays[:2]), reduction), arrays)
