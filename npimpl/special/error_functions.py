r"""The error function, its complement, the normal distribution function, its logarithm, and their inverses.

One integral in several dresses, $\Phi(x) = \tfrac12\mathrm{erfc}(-x/\sqrt2)$; each dress keeps the digits that another
one loses.  `npimpl._erf` and `npimpl._erfinv` say how they are evaluated; here is what they are, and their gradients.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl import _erf, _erfinv
from npimpl._elementwise import elementwise
from npimpl._regimes import either, patch, regimes

__all__ = [
    "erf",
    "erf_backward",
    "erfc",
    "erfc_backward",
    "erfinv",
    "erfinv_backward",
    "log_ndtr",
    "log_ndtr_backward",
    "ndtr",
    "ndtr_backward",
    "ndtri",
    "ndtri_backward",
]

_TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
_HALF_ROOT_PI = math.sqrt(math.pi) / 2.0
_ROOT_HALF_PI = math.sqrt(math.pi / 2.0)
_ONE_OVER_ROOT_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_ROOT_HALF = math.sqrt(0.5)


@elementwise("x")
def erf(x):
    r"""The error function: the share of a Gaussian bell that lies within x of its centre.

    $$y_i = \frac{2}{\sqrt\pi}\int_0^{x_i} e^{-t^2}\,dt$$

    For |x| < 1 it is x + x R(x^2) with a polynomial R: adding a small correction to x keeps all digits of a small x.
    Beyond, 1 - erfc(|x|) subtracts a number below 0.16 from 1, which costs nothing.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: erf(-0) = -0, erf(-inf) = -1, erf(inf) = 1, nan gives nan.
    Raises: TypeError if x is not numeric.
    Source: DLMF 7.2.1; the split at a point near 1 as in Cody, Rational Chebyshev approximations for the error function,
    Math. Comp. 23 (1969).

    >>> erf(np.array([-np.inf, 0.0, 0.5])).tolist()
    [-1.0, 0.0, 0.5204998778130465]
    """
    return _erf.erf(x)


@elementwise("grad_output", "x")
def erf_backward(grad_output, x):
    r"""The gradient of `erf`.

    By the fundamental theorem of calculus $dy_i/dx_i = \frac{2}{\sqrt\pi}\,e^{-x_i^2}$, so
    $dx_i = dy_i\,\frac{2}{\sqrt\pi}\,e^{-x_i^2}$.

    An error of x^2 is an error of the exponent: rounding x^2 = 700 to float64 makes the Gaussian wrong in its last nine bits.
    `npimpl._erf` squares x exactly.

    Shapes: grad_output, x (any, the same) -> (dx,).

    >>> erf_backward(np.array([1.0, 1.0]), np.array([0.0, 26.0]))[0].tolist()
    [1.1283791670955126, 2.9470349932662693e-294]
    """
    return (_erf.gauss_times(_TWO_OVER_ROOT_PI * grad_output, x),)


@elementwise("x")
def erfc(x):
    r"""The complementary error function, 1 - erf, without the subtraction.

    $$y_i = \frac{2}{\sqrt\pi}\int_{x_i}^\infty e^{-t^2}\,dt = 1 - \mathrm{erf}(x_i)$$

    erf rounds to 1 from x = 5.9 on, and 1 - erf to 0, while erfc is a normal number up to x = 26.5.  There it is
    e^{-x^2} times the smooth function erfcx, both known to more than 53 bits.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: erfc(-inf) = 2, erfc(inf) = 0, nan gives nan.
    Raises: TypeError if x is not numeric.
    Source: DLMF 7.2.2.

    >>> erfc(np.array([-np.inf, 0.0, 10.0])).tolist()
    [2.0, 1.0, 2.088487583762545e-45]
    """
    return _erf.erfc(x)


@elementwise("grad_output", "x")
def erfc_backward(grad_output, x):
    r"""The gradient of `erfc`.

    erfc is 1 - erf, so the derivative is that of erf with the other sign: $dx_i = -dy_i\,\frac{2}{\sqrt\pi}\,e^{-x_i^2}$.

    Shapes: grad_output, x (any, the same) -> (dx,).

    >>> erfc_backward(np.array([1.0]), np.array([0.0]))
    (array([-1.12837917]),)
    """
    return (_erf.gauss_times(-_TWO_OVER_ROOT_PI * grad_output, x),)


@elementwise("x")
def erfinv(x):
    r"""The inverse of the error function.

    $$y_i = \mathrm{erf}^{-1}(x_i),\qquad -1 < x_i < 1$$

    Near 0 it is x times a polynomial in x^2.  Near +-1 the distance to 1 decides; 1 - |x| is exact for |x| >= 1/2, and the
    tail is evaluated from that.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: erfinv(-0) = -0, erfinv(-1) = -inf, erfinv(1) = inf, nan outside [-1, 1] and for nan.
    Raises: TypeError if x is not numeric.
    Source: DLMF 7.17.1.

    >>> erfinv(np.array([-1.0, 0.0, 0.5, 2.0])).tolist()
    [-inf, 0.0, 0.4769362762044699, nan]
    """
    return _erfinv.erfinv(x)


@elementwise("grad_output", "x")
def erfinv_backward(grad_output, x):
    r"""The gradient of `erfinv`.

    Differentiating $\mathrm{erf}(y_i) = x_i$ gives $dy_i/dx_i = \frac{\sqrt\pi}{2}\,e^{y_i^2}$.  In this form an ulp in y
    is an error of 2 y^2 ulp.  But $1 - |x_i| = \mathrm{erfc}(|y_i|) = e^{-y_i^2}\,\mathrm{erfcx}(|y_i|)$, hence

    $$dx_i = dy_i\,\frac{\sqrt\pi}{2}\,\frac{\mathrm{erfcx}(|y_i|)}{1 - |x_i|}$$

    where erfcx forgives: its condition number is below 1.

    Shapes: grad_output, x (any, the same) -> (dx,).
    Special values: inf (times the sign of dy) at x = +-1; nan outside [-1, 1].

    >>> erfinv_backward(np.array([2.0, 1.0]), np.array([0.0, 1.0]))
    (array([1.77245385,        inf]),)
    """
    return (_steep(grad_output, _HALF_ROOT_PI, np.abs(_erfinv.erfinv(x)), 1.0 - np.abs(x)),)


def _steep(dy, c, z, tail):
    """dy c erfcx(z) / tail, and infinite where there is no tail left; a tiny dy is lifted, or its digits would be lost in
    the product with erfcx(z) < 1 before the quotient has its size."""
    lift = np.where(np.abs(dy) < 2.0**-900, 2.0**120, 1.0)
    return np.where(tail == 0.0, dy * np.inf, lift * dy * c * _erf.erfcx(z) / tail / lift)


@elementwise("x")
def ndtr(x):
    r"""The distribution function of the standard normal law.

    $$y_i = \Phi(x_i) = \frac{1}{\sqrt{2\pi}}\int_{-\infty}^{x_i} e^{-t^2/2}\,dt = \tfrac12\,\mathrm{erfc}(-x_i/\sqrt2)$$

    (1 + erf)/2 would round the left tail to 0 at x = -8.3; erfc keeps it to -38.5.  The quotient x/sqrt(2) is kept to 80
    bits, since the tail multiplies its relative error by x^2.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: ndtr(-inf) = 0, ndtr(0) = 1/2, ndtr(inf) = 1, nan gives nan.
    Raises: TypeError if x is not numeric.
    Source: DLMF 7.2.2 with t replaced by t/sqrt(2).

    >>> ndtr(np.array([-np.inf, -20.0, 0.0, 1.0])).tolist()
    [0.0, 2.7536241186062337e-89, 0.5, 0.8413447460685429]
    """
    return _erf.ndtr(x)


@elementwise("grad_output", "x")
def ndtr_backward(grad_output, x):
    r"""The gradient of `ndtr`.

    The derivative of a distribution function is its density: $dx_i = dy_i\,\varphi(x_i)$ with
    $\varphi(x) = e^{-x^2/2}/\sqrt{2\pi}$, the square being exact as in `erf_backward`.

    Shapes: grad_output, x (any, the same) -> (dx,).

    >>> ndtr_backward(np.array([1.0]), np.array([0.0]))
    (array([0.39894228]),)
    """
    return (_erf.gauss_times(_ONE_OVER_ROOT_2PI * grad_output, x, -0.5),)


@elementwise("x")
@regimes((-np.inf, -(2.0**32), lambda x: -0.5 * x * x), (-(2.0**-60), 2.0**-60, -math.log(2.0)), (40.0, np.inf, -0.0))
def log_ndtr(x):
    r"""The logarithm of the normal distribution function, without taking the logarithm of an underflowed number.

    $$y_i = \log\Phi(x_i)$$

    Three forms, each where it neither cancels nor underflows:

    - x > 0: log1p(-Phi(-x)), because Phi(x) itself rounds to 1;
    - -1 <= x <= 0: log Phi(x);
    - x < -1: $-x^2/2 + \log\bigl(\tfrac12\,\mathrm{erfcx}(-x/\sqrt2)\bigr)$, two negative terms, the second one small.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: log_ndtr(-inf) = -inf, log_ndtr(inf) = -0 (it tends to 0 from below), nan gives nan.
    Raises: TypeError if x is not numeric.
    Source: DLMF 7.2.2 and 7.2.3.

    >>> log_ndtr(np.array([-100.0, 0.0, 20.0]))
    array([-5.00552421e+03, -6.93147181e-01, -2.75362412e-89])
    """
    return patch(x < -1.0, _log_ndtr_left, _log_ndtr_right, x)


def _log_ndtr_left(x):
    return np.log(0.5 * _erf.erfcx(x * -_ROOT_HALF)) - 0.5 * x * x


def _log_ndtr_right(x):
    return either(x > 0.0, lambda tail: np.log1p(-tail), np.log, _erf.ndtr(-np.abs(x)))


@elementwise("grad_output", "x")
def log_ndtr_backward(grad_output, x):
    r"""The gradient of `log_ndtr`.

    By the chain rule $dy_i/dx_i = \varphi(x_i)/\Phi(x_i)$.  For x <= 0 both are tiny, and their common factor
    $e^{-x^2/2}$ is divided out:

    $$dx_i = dy_i\,\sqrt{2/\pi}\;/\;\mathrm{erfcx}(-x_i/\sqrt2)\quad(x_i \le 0),\qquad
      dx_i = dy_i\,\varphi(x_i)/\Phi(x_i)\quad(x_i > 0)$$

    erfcx becomes subnormal for the largest x; from $-10^9$ on the slope $-x_i(1 + x_i^{-2} - \ldots)$ is $-x_i$ itself.

    Shapes: grad_output, x (any, the same) -> (dx,).
    Special values: the slope grows like -x: inf at -inf, 0 at inf.

    >>> log_ndtr_backward(np.array([1.0, 1.0]), np.array([-1000.0, 0.0]))
    (array([1.00000100e+03, 7.97884561e-01]),)
    """
    a = np.abs(x)
    left = np.where(a > 1e9, grad_output * a, grad_output / (_ROOT_HALF_PI * _erf.erfcx(a * _ROOT_HALF)))
    right = _erf.gauss_times(grad_output * _ONE_OVER_ROOT_2PI / _erf.ndtr(np.maximum(x, 0.0)), x, -0.5)
    return (np.where(x > 0.0, right, left),)


@elementwise("x")
def ndtri(x):
    r"""The quantile function of the standard normal law, the inverse of `ndtr`.

    $$y_i = \Phi^{-1}(x_i) = \sqrt2\,\mathrm{erfinv}(2 x_i - 1),\qquad 0 < x_i < 1$$

    2x - 1 forgets a small x: at x = 1e-17 it is -1.  So the smaller of the tails x and 1 - x is used as it is, and 2x - 1
    only between 1/4 and 3/4, where it is exact.

    Shapes: x (any, probabilities) -> y (the same), in x's dtype.
    Special values: ndtri(0) = -inf, ndtri(1/2) = 0, ndtri(1) = inf, nan outside [0, 1] and for nan.
    Raises: TypeError if x is not numeric.
    Source: DLMF 7.17.1.

    >>> ndtri(np.array([0.0, 1e-300, 0.5, 0.975]))
    array([        -inf, -37.0470963 ,   0.        ,   1.95996398])
    """
    return _erfinv.ndtri(x)


@elementwise("grad_output", "x")
def ndtri_backward(grad_output, x):
    r"""The gradient of `ndtri`.

    Differentiating $\Phi(y_i) = x_i$ gives $dy_i/dx_i = 1/\varphi(y_i)$.  As for `erfinv_backward` the smaller tail
    $t_i = \min(x_i, 1 - x_i) = \tfrac12 e^{-y_i^2/2}\,\mathrm{erfcx}(|y_i|/\sqrt2)$ replaces the exponential:

    $$dx_i = dy_i\,\sqrt{\pi/2}\;\mathrm{erfcx}(|y_i|/\sqrt2)\,/\,t_i$$

    Shapes: grad_output, x (any, the same) -> (dx,).
    Special values: inf (times the sign of dy) at x = 0 and 1; nan outside [0, 1].

    >>> ndtri_backward(np.array([1.0, 1.0]), np.array([0.0, 0.5]))
    (array([       inf, 2.50662827]),)
    """
    z = np.abs(_erfinv.scaled_ndtri(x))
    return (_steep(grad_output, _ROOT_HALF_PI, z, np.minimum(x, 1.0 - x)),)
