r"""Activations that pull values towards zero: hardshrink, softshrink, tanhshrink."""

from __future__ import annotations

import math

import numpy as np

from npimpl._elementwise import elementwise
from npimpl._piecewise import horner
from npimpl._regimes import regimes, split
from npimpl.activations._scaled import nan_where_nan

__all__ = [
    "hardshrink", "hardshrink_backward", "softshrink", "softshrink_backward", "tanhshrink", "tanhshrink_backward",
]  # fmt: skip

_SERIES = [2 * k / math.factorial(2 * k + 1) for k in range(1, 14)]
"""2k/(2k+1)!, the coefficients of (x cosh x - sinh x)/x in powers of x^2."""


@elementwise("x")
def hardshrink(x, lambd=0.5):
    r"""Set what is small to zero, keep the rest.

    $$y_i = \begin{cases} 0 & -\lambda \le x_i \le \lambda \\ x_i & \text{otherwise}\end{cases}$$

    Exact: hard thresholding, the best choice of which coefficients to keep.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: hardshrink(±inf) = ±inf, nan stays nan; a negative lambda keeps everything.
    Raises: TypeError if x is not real.
    Source: Donoho & Johnstone, Ideal spatial adaptation by wavelet shrinkage (1994).

    >>> hardshrink(np.array([-2.0, 0.5, 0.75]))
    array([-2.  ,  0.  ,  0.75])
    """
    return np.where((x >= -lambd) & (x <= lambd), 0.0, x)


@elementwise("grad_output", "x")
def hardshrink_backward(grad_output, x, lambd=0.5):
    r"""The gradient of hardshrink: slope 1 where the value is kept, 0 where it is replaced by zero (the ends included).

    $dx_i = dy_i\,[|x_i| > \lambda]$.

    >>> hardshrink_backward(np.array([5.0, 5.0]), np.array([0.5, -2.0]))
    (array([0., 5.]),)
    """
    return (nan_where_nan(np.where((x >= -lambd) & (x <= lambd), 0.0, grad_output), x),)


@elementwise("x")
def softshrink(x, lambd=0.5):
    r"""Move every value towards zero by lambda, and stop there.

    $$y_i = \mathrm{sign}(x_i)\,\max(|x_i| - \lambda, 0)$$

    One rounding: it is the proximal operator of the absolute value.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: softshrink(±inf) = ±inf, nan stays nan.
    Raises: ValueError if lambd < 0.
    Source: Donoho & Johnstone, Ideal spatial adaptation by wavelet shrinkage (1994).

    >>> softshrink(np.array([-2.0, 0.25, 0.75]))
    array([-1.5 ,  0.  ,  0.25])
    """
    _check_lambd(lambd)
    y = np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, 0.0))
    return nan_where_nan(y, x)


@elementwise("grad_output", "x")
def softshrink_backward(grad_output, x, lambd=0.5):
    r"""The gradient of softshrink: slope 1 outside the interval, 0 inside it and on its ends.

    $dx_i = dy_i\,[|x_i| > \lambda]$.

    >>> softshrink_backward(np.array([5.0, 5.0]), np.array([0.5, -2.0]))
    (array([0., 5.]),)
    """
    _check_lambd(lambd)
    return (nan_where_nan(np.where(np.abs(x) > lambd, grad_output, 0.0), x),)


@elementwise("x")
@regimes(
    (-np.inf, -20.0, lambda x: x + 1.0),
    (-(2.0**-30), 2.0**-30, lambda x: x * (x * x * _SERIES[0])),
    (20.0, np.inf, lambda x: x - 1.0),
)
def tanhshrink(x):
    r"""What tanh leaves over: close to $x^3/3$ near zero, close to x ∓ 1 far from it.

    $$y_i = x_i - \tanh x_i = \frac{x_i\cosh x_i - \sinh x_i}{\cosh x_i}
          = \frac{1}{\cosh x_i}\sum_{k\ge1} \frac{2k}{(2k+1)!}\,x_i^{2k+1}$$

    The difference loses all its digits near zero.  The series, used for |x| < 1.5, has only positive terms, and thirteen
    of them are enough for float64.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: tanhshrink(-0) = -0 (odd), tanhshrink(±inf) = ±inf, nan stays nan.
    Raises: TypeError if x is not real.
    Source: DLMF 4.33.1 and 4.33.2 for the series of sinh and cosh.

    >>> tanhshrink(np.array([0.0, 0.001])).round(12)
    array([0.00e+00, 3.33e-10])
    """
    return split(np.abs(x) < 1.5, _tanhshrink_near_zero, lambda v: v - np.tanh(v), x)


@elementwise("grad_output", "x")
def tanhshrink_backward(grad_output, x):
    r"""The gradient of tanhshrink.

    $1 - 1/\cosh^2 x = \tanh^2 x$, which is a product and loses nothing near zero.
    $dx_i = dy_i\,\tanh^2 x_i$.

    >>> tanhshrink_backward(np.array([4.0, 4.0]), np.array([0.0, np.inf]))
    (array([0., 4.]),)
    """
    t = np.tanh(x)
    return (grad_output * t * t,)


def _tanhshrink_near_zero(x):
    s = x * x
    return x * (s * horner(_SERIES, s)) / np.cosh(x)


def _check_lambd(lambd):
    if lambd < 0:
        raise ValueError(f"lambd={lambd} is negative; softshrink needs lambd >= 0.")
