r"""Activations that turn rows of scores into probabilities: softmax, softmin, and the logarithm of softmax.

All three subtract the largest score m of the row first.  That changes nothing exactly, since numerator and denominator
share the factor $e^{-m}$, and afterwards no exponential exceeds 1.  The entry at the maximum contributes exactly 1 to the
denominator; keeping that 1 apart from the rest r of the sum is what saves the digits of a confident row, where the
interesting number is $1 - p_{\max} = r/(1 + r)$.
"""

from __future__ import annotations

import operator

import numpy as np

from npimpl._axes import normalize_axis, pairwise_sum
from npimpl._precision import rounded, widen
from npimpl.activations._scaled import exp_times

__all__ = ["log_softmax", "log_softmax_backward", "softmax", "softmax_backward", "softmin", "softmin_backward"]

NEARLY_SUBNORMAL = -600.0
"""The logarithm of probabilities so small that their products with small numbers may be subnormal."""


@np.errstate(all="ignore")
def softmax(x, axis=-1):
    r"""Exponentiate a row of scores and divide by the sum: probabilities proportional to $e^{x_j}$.

    $$y_j = \frac{e^{x_j}}{\sum_k e^{x_k}} = \frac{e^{x_j - m}}{1 + r},\qquad m = \max_k x_k,\quad
      r = \sum_{k \ne j^*} e^{x_k - m}$$

    with $j^*$ the place of the maximum.  The differences $x_j - m$ are at most 0, so nothing overflows, and an underflow
    means a probability that is not representable.  The relative error is the rounding of $x_j - m$ times its size.

    Shapes: x (..., K, ...) -> y (the same), in x's dtype; sums to 1 along `axis`.
    Special values: an entry -inf has probability 0; a row that contains inf or nan, or only -inf, is nan.
    Raises: AxisError if axis is out of range, TypeError if it is not an integer.
    Source: Bridle, Training stochastic model recognition algorithms as networks (1990);
    Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions (2021), for the shift.

    >>> softmax(np.array([0.0, 0.0, -np.inf]))
    array([0.5, 0.5, 0. ])
    """
    (x,), dtype = widen(x)
    _, e, r, _ = _shifted(x, axis)
    return rounded((e / (1.0 + r)).reshape(x.shape), dtype)


@np.errstate(all="ignore")
def softmax_backward(grad_output, x, axis=-1):
    r"""The gradient of softmax.

    $\partial y_j/\partial x_k = y_j([j = k] - y_k)$; the Jacobian is symmetric, and its product with $dy$ is
    $dx_j = y_j(dy_j - \sum_k y_k\,dy_k)$.  Adding a constant to $dy$ changes nothing, because the probabilities sum to 1.
    So the cotangent of the winner $j^*$ is subtracted first, $a_k = dy_k - dy_{j^*}$:

    $$dx_j = y_j\Bigl(a_j - \sum_{k \ne j^*} y_k\,a_k\Bigr)$$

    For a confident row this replaces the difference of two nearly equal numbers, at $j^*$, by a small sum.  A subnormal
    $y_k$ has few digits, and a large cotangent would show it: such products are formed from the exponent $x_k - m$.

    >>> softmax_backward(np.array([4.0, 0.0]), np.array([0.0, 0.0]))
    (array([ 1., -1.]),)
    """
    (dy, x), dtype = _same_shape(grad_output, x)
    d, e, r, winner = _shifted(x, axis)
    if not x.size:
        return (np.zeros(x.shape, dtype),)
    y = e / (1.0 + r)
    dy, k = _as_rows(dy, axis)
    a = dy - np.take_along_axis(dy, winner, k)
    if (d < NEARLY_SUBNORMAL).any():
        dx = exp_times((a - _sum(exp_times(a / (1.0 + r), d, e), k)) / (1.0 + r), d, e)
    else:
        dx = y * (a - _sum(y * a, k))
    return (rounded(dx.reshape(x.shape), dtype),)


@np.errstate(all="ignore")
def log_softmax(x, axis=-1):
    r"""The logarithm of softmax: log-probabilities.

    $$y_j = x_j - \log\sum_k e^{x_k} = (x_j - m) - \log(1 + r),\qquad r = \sum_{k \ne j^*} e^{x_k - m}$$

    Both terms are at most 0, so nothing cancels, and log1p keeps a small r: the log-probability of the winner of
    [20, 0, 0] is -4.1e-9, which log(sum) would round to 0.

    Shapes: x (..., K, ...) -> y (the same), in x's dtype.
    Special values: an entry -inf gives -inf; a row that contains inf or nan, or only -inf, is nan.
    Raises: AxisError if axis is out of range, TypeError if it is not an integer.
    Source: Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions (2021), section 2.

    >>> log_softmax(np.array([0.0, -np.inf]))
    array([  0., -inf])
    """
    (x,), dtype = widen(x)
    d, _, r, _ = _shifted(x, axis)
    return rounded((d - np.log1p(r)).reshape(x.shape), dtype)


@np.errstate(all="ignore")
def log_softmax_backward(grad_output, x, axis=-1):
    r"""The gradient of log_softmax.

    $\partial y_j/\partial x_k = [j = k] - p_k$ with $p = \mathrm{softmax}(x)$, hence
    $dx_k = dy_k - p_k\sum_j dy_j$.  At the winner $j^*$ that subtracts almost all of $dy$ when $p$ is near 1; there
    $1 - p = r/(1 + r)$ and $p = 1/(1 + r)$ turn it into

    $$dx_{j^*} = \frac{r\,dy_{j^*} - \sum_{j \ne j^*} dy_j}{1 + r}.$$

    >>> log_softmax_backward(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    (array([ 0.5, -0.5]),)
    """
    (dy, x), dtype = _same_shape(grad_output, x)
    _, e, r, winner = _shifted(x, axis)
    if not x.size:
        return (np.zeros(x.shape, dtype),)
    dy, k = _as_rows(dy, axis)
    own = np.take_along_axis(dy, winner, k)
    others = dy.copy()
    np.put_along_axis(others, winner, 0.0, k)
    others = _sum(others, k)
    dx = dy - e / (1.0 + r) * (others + own)
    np.put_along_axis(dx, winner, (r * own - others) / (1.0 + r), k)
    return (rounded(dx.reshape(x.shape), dtype),)


def softmin(x, axis=-1):
    r"""softmax of the negated scores: the smallest is the most probable.

    $$y_j = \frac{e^{-x_j}}{\sum_k e^{-x_k}}$$

    Negation is exact, so everything said about softmax holds.

    Shapes: x (..., K, ...) -> y (the same), in x's dtype.
    Special values: an entry inf has probability 0; a row that contains -inf or nan, or only inf, is nan.
    Raises: AxisError if axis is out of range, TypeError if it is not an integer.

    >>> softmin(np.array([0.0, 0.0, np.inf]))
    array([0.5, 0.5, 0. ])
    """
    (v,), dtype = widen(x)
    return rounded(softmax(-v, axis), dtype)


def softmin_backward(grad_output, x, axis=-1):
    r"""The gradient of softmin.

    By the chain rule with $-x$: $dx = -\,\mathrm{softmax}'(-x)^\top dy$, that is
    $dx_j = -y_j(dy_j - \sum_k y_k\,dy_k)$.

    >>> softmin_backward(np.array([4.0, 0.0]), np.array([0.0, 0.0]))
    (array([-1.,  1.]),)
    """
    (dy, v), dtype = _same_shape(grad_output, x)
    (dx,) = softmax_backward(dy, -v, axis)
    return (rounded(-dx, dtype),)


def _as_rows(x, axis):
    """`x` with at least one axis (a single number is a row of length one), and `axis` counted from the front."""
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(f"axis={axis!r} is not an integer; give the one axis along which the probabilities sum to 1.")
    normalize_axis(axis, x.ndim)
    return (x.reshape(1), 0) if x.ndim == 0 else (x, operator.index(axis) % x.ndim)


def _shifted(x, axis):
    """d = x - max, e = exp(d), the sum r of e without the winner's 1, and the winner's index along `axis`."""
    x, k = _as_rows(x, axis)
    if not x.size:
        return x, x, x.sum(axis=k, keepdims=True), None
    winner = np.argmax(x, axis=k, keepdims=True)
    d = x - np.take_along_axis(x, winner, k)
    e = np.exp(d)
    # The winner's d is 0, or nan where the maximum is infinite or nan: either way it is what it adds to r.
    np.put_along_axis(e, winner, np.take_along_axis(d, winner, k), k)
    r = _sum(e, k)
    np.put_along_axis(e, winner, 1.0, k)
    return d, e, r, winner


def _sum(x, k):
    """The sum along axis k, kept; NumPy's own is pairwise, and faster, along the last axis of a contiguous array."""
    if k == x.ndim - 1 and x.flags.c_contiguous:
        return np.add.reduce(x, axis=k, keepdims=True)
    return pairwise_sum(x, k, keepdims=True)


def _same_shape(grad_output, x):
    wide, dtype = widen(grad_output, x, names=("grad_output", "x"))
    if wide[0].shape != wide[1].shape:
        shapes = f"`grad_output` has shape {wide[0].shape} but x has {wide[1].shape}"
        raise ValueError(f"{shapes}; give one cotangent for each element.")
    return wide, dtype
