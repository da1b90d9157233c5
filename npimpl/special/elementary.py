r"""Elementary functions with a trap each: a subtraction that cancels, a reduction, or a power that overflows."""

from __future__ import annotations

import numpy as np

from npimpl._elementwise import elementwise
from npimpl._regimes import regimes
from npimpl.special._scaling import times_exp

__all__ = [
    "expm1",
    "expm1_backward",
    "log1p",
    "log1p_backward",
    "rsqrt",
    "rsqrt_backward",
    "sinc",
    "sinc_backward",
]


_LARGEST = float(np.finfo(np.float64).max)


@elementwise("x")
def expm1(x):
    """The exponential minus one.

    y = exp(x) - 1 = x + x^2/2 + x^3/6 + ...

    Computing exp(x) and subtracting leaves the rounding error of a number near 1, that is u, in a result of size x:
    for x = 1e-10 only six digits survive.  `np.expm1` never forms the 1.

    x: any shape.  Returns the shape and dtype of x.
    Special values: expm1(-0) = -0, expm1(-inf) = -1, expm1(inf) = inf, nan gives nan.
    Raises TypeError if x is not numeric.
    Source: DLMF 4.2.19 (the series of exp).

    >>> expm1(np.array([0.0, 1e-10])).tolist()
    [0.0, 1.00000000005e-10]
    """
    return np.expm1(x)


@elementwise("grad_output", "x")
def expm1_backward(grad_output, x):
    """The gradient of `expm1`.

    dy/dx = exp(x).  The vector-Jacobian product of an elementwise function is dx = dy exp(x).

    The saved output y + 1 would give 0 for x < -37, where y has rounded to -1; exp(x) of the input itself is right
    down to the smallest numbers.  The product is formed without an overflow of exp(x) alone (x = 710, dy = 1e-9).

    grad_output, x: any shape, the same.  Returns (dx,).
    Special values: dx(-inf) = 0; a zero times the infinite slope at inf is nan.
    Raises TypeError if an array is not numeric.

    >>> expm1_backward(np.array([1.0, 2.0]), np.array([0.0, -100.0]))[0].tolist()
    [1.0, 7.440151952041672e-44]
    """
    return (times_exp(grad_output, x),)


@elementwise("x")
def log1p(x):
    """The logarithm of one plus x.

    y = log(1 + x) = x - x^2/2 + x^3/3 - ...

    The sum 1 + x rounds x to a multiple of u: log(1 + 1e-17) would be 0.  `np.log1p` corrects for what was rounded off.

    x: any shape.  Returns the shape and dtype of x.
    Special values: log1p(-0) = -0, log1p(-1) = -inf, log1p(inf) = inf; nan below -1 and for nan.
    Raises TypeError if x is not numeric.
    Source: DLMF 4.6.1.

    >>> log1p(np.array([1e-17, 0.0, -1.0])).tolist()
    [1e-17, 0.0, -inf]
    """
    return np.log1p(x)


@elementwise("grad_output", "x")
def log1p_backward(grad_output, x):
    """The gradient of `log1p`.

    dy/dx = 1 / (1 + x), so dx = dy / (1 + x).

    Here the sum 1 + x is harmless: its relative error is u, and where it cancels (x near -1) it is exact.

    grad_output, x: any shape, the same.  Returns (dx,).
    Special values: dx(-1) has the infinity of dy's sign, dx(inf) = 0.  Below -1, where y is nan, the formula goes on.
    Raises TypeError if an array is not numeric.

    >>> log1p_backward(np.array([1.0, 3.0]), np.array([1.0, -0.25]))[0].tolist()
    [0.5, 4.0]
    """
    return (grad_output / (1.0 + x),)


@elementwise("x")
def rsqrt(x):
    """The reciprocal of the square root.

    y = 1 / sqrt(x)

    Both steps are correctly rounded and neither can leave the range: sqrt(x) lies between 1e-162 and 1e154.

    x: any shape.  Returns the shape and dtype of x.
    Special values: rsqrt(0) = inf and rsqrt(-0) = -inf (as IEEE 754 defines it), rsqrt(inf) = 0; nan below zero.
    Raises TypeError if x is not numeric.

    >>> rsqrt(np.array([4.0, 0.0, np.inf])).tolist()
    [0.5, inf, 0.0]
    """
    return 1.0 / np.sqrt(x)


@elementwise("grad_output", "x")
def rsqrt_backward(grad_output, x):
    """The gradient of `rsqrt`.

    y = x^(-1/2), dy/dx = -x^(-3/2) / 2, so dx = -dy / (2 x sqrt(x)).

    x sqrt(x) and y^3 overflow or underflow long before the gradient does; dividing by x and then by 2 sqrt(x) does not.

    grad_output, x: any shape, the same.  Returns (dx,).
    Special values: -inf (for dy > 0) at both zeros, 0 at inf, nan below zero.
    Raises TypeError if an array is not numeric.

    >>> rsqrt_backward(np.array([1.0, 1e-200]), np.array([4.0, 1e-250]))[0].tolist()
    [-0.0625, -5e+174]
    """
    return (grad_output / x / (-2.0 * np.sqrt(x)),)


@elementwise("x")
@regimes((-_LARGEST, -(2.0**53), -0.0), (-(2.0**-30), 2.0**-30, 1.0), (2.0**53, _LARGEST, 0.0))
def sinc(x):
    """The normalised cardinal sine.

    y = sin(pi x) / (pi x),  y(0) = 1

    With n the integer nearest x and r = x - n, which is exact, sin(pi x) = (-1)^n sin(pi r) and |pi r| <= pi/2.  The
    product pi x itself carries an error of u pi |x|, all of it absolute error of the sine: at x = 1 it would be the
    whole result.  Here y is 0 at every integer but zero, and of full relative accuracy beside it.

    x: any shape.  Returns the shape and dtype of x.
    Special values: sinc(+-0) = 1, sinc(+-inf) = 0 (the limit), nan gives nan.
    Raises TypeError if x is not numeric.

    >>> sinc(np.array([0.0, 0.5, 2.0, 1e300])).tolist()
    [1.0, 0.6366197723675814, 0.0, 0.0]
    """
    r, sign = _half_turns(x)
    y = sign * np.sin(np.pi * r) / (np.pi * x)
    return np.where(x == 0.0, 1.0, np.where(np.isinf(x), 0.0, y))


@elementwise("grad_output", "x")
def sinc_backward(grad_output, x):
    """The gradient of `sinc`.

    With t = pi x, dy/dx = pi (t cos t - sin t) / t^2 = (cos(pi x) - sinc(x)) / x = -pi j1(t), j1 the spherical Bessel
    function; dx = dy dy/dx.

    For |x| <= 1/2 cosine and sinc agree in their leading digits, so the power series of j1 is summed instead:
    j1(t) = t sum_k (-1)^k (2k + 2) t^2k / (2k + 3)!, whose terms shrink at least fourfold each time.  Beyond, the
    difference is taken of two numbers with full relative accuracy (cos(pi r) = sin(pi (1/2 - |r|)), where 1/2 - |r| is
    exact near the cosine's zeros), so that digits are lost only next to the roots of the derivative, where it is small.

    grad_output, x: any shape, the same.  Returns (dx,).
    Special values: dx(0) = 0, dx(+-inf) = 0 (the limit), nan gives nan.
    Raises TypeError if an array is not numeric.
    Source: DLMF 10.49.3 (j1) and 10.53.1 (its series).

    >>> sinc_backward(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.5]))[0].round(12).tolist()
    [-1.0, 0.5, 0.05196896101]
    """
    dy = grad_output
    r, sign = _half_turns(x)
    cosine = np.sin(np.pi * (0.5 - np.abs(r)))
    far = dy * (sign * (cosine - np.sin(np.pi * r) / (np.pi * x))) / x
    near = dy * _j1_factor(np.minimum(x * x, 0.25)) * x
    dx = np.where(np.abs(x) <= 0.5, near, far)
    return (np.where(np.isinf(x), 0.0 * dy, dx),)


def _half_turns(x):
    """r = x - n and (-1)^n, n the integer nearest x: then sin(pi x) = (-1)^n sin(pi r), and so for the cosine."""
    n = np.rint(x)
    return x - n, np.where(2.0 * np.floor(0.5 * n) == n, 1.0, -1.0)


J1_TERMS = 12
"""The first term left out is below 1e-19 of the sum for x^2 <= 1/4."""


def _series_of_j1() -> list[float]:
    """The coefficients of z^k in -pi j1(pi x) / x, z = (pi x)^2: those of -pi^2 (2k + 2) (-1)^k / (2k + 3)!."""
    term, terms = -np.pi * np.pi, []
    for k in range(J1_TERMS):
        term /= (2 * k + 2) * (2 * k + 3)
        terms.append(term * (2 * k + 2))
        term = -term
    return terms


J1_SERIES = _series_of_j1()


def _j1_factor(x_squared):
    """-pi j1(pi x) / x by Horner's rule."""
    z = np.pi * np.pi * x_squared
    total = np.full_like(z, J1_SERIES[-1])
    for c in reversed(J1_SERIES[:-1]):
        total = total * z + c
    return total
