r"""S-shaped activations and the integral of one: sigmoid, logsigmoid, tanh, softsign, softplus.

Everything is written with $t = e^{-|x|} \le 1$, which never overflows, and with the form of each formula in which all
terms have one sign.  The derivatives are functions of the input too: $y(1 - y)$ and $1 - y^2$ are zero as soon as y has
rounded to 1, long before the true slope is.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl._elementwise import elementwise
from npimpl._regimes import identity, regimes, split
from npimpl.activations._scaled import exp_times, logistic, one_plus_squared, product

__all__ = [
    "logsigmoid", "logsigmoid_backward", "sigmoid", "sigmoid_backward", "softplus", "softplus_backward",
    "softsign", "softsign_backward", "tanh", "tanh_backward",
]  # fmt: skip


@elementwise("x")
@regimes((-np.inf, -800.0, 0.0), (-(2.0**-60), 2.0**-60, 0.5), (40.0, np.inf, 1.0))
def sigmoid(x):
    r"""The logistic function, from a real number to a probability.

    $$y_i = \sigma(x_i) = \frac{1}{1 + e^{-x_i}} = \frac{e^{x_i}}{1 + e^{x_i}}$$

    The first form is used for x >= 0 and the second for x < 0: $e^{-x}$ would overflow at -710 in float64 and turn
    results down to 5e-324 into 0.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: sigmoid(-inf) = 0, sigmoid(inf) = 1, nan stays nan.
    Raises: TypeError if x is not real.
    Source: DLMF 4.2.19 for the exponential; Verhulst (1845) for the function.

    >>> sigmoid(np.array([-np.inf, 0.0, np.inf]))
    array([0. , 0.5, 1. ])
    """
    return logistic(1.0, x)


@elementwise("grad_output", "x")
def sigmoid_backward(grad_output, x):
    r"""The gradient of sigmoid.

    $\sigma'(x) = \sigma(x)\,\sigma(-x) = t/(1 + t)^2$ with $t = e^{-|x|}$: an even function without any difference.
    $dx_i = dy_i\,\sigma'(x_i)$.

    >>> sigmoid_backward(np.array([4.0]), np.array([0.0]))
    (array([1.]),)
    """
    a = np.abs(x)
    t = np.exp(-a)
    return (exp_times(grad_output / one_plus_squared(t), -a, t),)


@elementwise("x")
@regimes((-np.inf, -50.0, identity), (-(2.0**-60), 2.0**-60, -math.log(2.0)), (800.0, np.inf, 0.0))
def logsigmoid(x):
    r"""The logarithm of the sigmoid: the log-likelihood of a logit.

    $$y_i = \log\sigma(x_i) = \min(x_i, 0) - \log(1 + e^{-|x_i|})$$

    Both terms are negative, so nothing cancels, and log1p keeps the tail $-e^{-x}$ on the right.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: logsigmoid(-inf) = -inf, logsigmoid(inf) = 0, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Mächler, Accurately computing log(1 - exp(-|a|)) (2012), section 3, for log(1 + exp).

    >>> logsigmoid(np.array([-1000.0, 0.0])).round(4)
    array([-1.000e+03, -6.931e-01])
    """
    return np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))


@elementwise("grad_output", "x")
def logsigmoid_backward(grad_output, x):
    r"""The gradient of logsigmoid.

    $\frac{d}{dx}\log\sigma(x) = \sigma'(x)/\sigma(x) = \sigma(-x)$, hence $dx_i = dy_i\,\sigma(-x_i)$.

    >>> logsigmoid_backward(np.array([1.0, 1.0]), np.array([-np.inf, 0.0]))
    (array([1. , 0.5]),)
    """
    return (logistic(grad_output, -x),)


@elementwise("x")
def tanh(x):
    r"""The hyperbolic tangent: the sigmoid stretched to (-1, 1) and odd.

    $$y_i = \tanh x_i = \frac{e^{x_i} - e^{-x_i}}{e^{x_i} + e^{-x_i}}$$

    NumPy's own function is accurate to about one ulp everywhere; the quotient of differences would cancel near 0.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: tanh(-0) = -0, tanh(±inf) = ±1, nan stays nan.
    Raises: TypeError if x is not real.
    Source: DLMF 4.28.4.

    >>> tanh(np.array([-np.inf, 0.0, np.inf]))
    array([-1.,  0.,  1.])
    """
    return np.tanh(x)


@elementwise("grad_output", "x")
def tanh_backward(grad_output, x):
    r"""The gradient of tanh.

    $\tanh' x = 1/\cosh^2 x = 4t/(1 + t)^2$ with $t = e^{-2|x|}$; $1 - \tanh^2 x$ cancels to 0 from |x| = 19 on
    (float64), while the slope is 1e-16 there and representable up to |x| = 373.
    $dx_i = dy_i/\cosh^2 x_i$.

    >>> tanh_backward(np.array([3.0]), np.array([0.0]))
    (array([3.]),)
    """
    a = -2.0 * np.abs(x)
    t = np.exp(a)
    return (exp_times(4.0 / one_plus_squared(t), a, t, grad_output),)


@elementwise("x")
def softsign(x):
    r"""An S-curve with polynomial tails.

    $$y_i = \frac{x_i}{1 + |x_i|}$$

    Two roundings.  Only infinity needs care: inf/inf is nan, the limit is the sign of x.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: softsign(-0) = -0, softsign(±inf) = ±1, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Turian, Bergstra & Bengio, Quadratic features and deep architectures for chunking (2009).

    >>> softsign(np.array([-1.0, 3.0, np.inf]))
    array([-0.5 ,  0.75,  1.  ])
    """
    return np.where(np.isinf(x), np.sign(x), x / (1.0 + np.abs(x)))


@elementwise("grad_output", "x")
def softsign_backward(grad_output, x):
    r"""The gradient of softsign.

    For x > 0, $\frac{d}{dx}\frac{x}{1 + x} = \frac{1}{(1 + x)^2}$; the function is odd, so its slope is even:
    $dx_i = dy_i/(1 + |x_i|)^2$.  Dividing twice instead of squaring keeps slopes that are representable where the
    square overflows.

    >>> softsign_backward(np.array([4.0]), np.array([-1.0]))
    (array([1.]),)
    """
    q = 1.0 + np.abs(x)
    return (grad_output / q / q,)


@elementwise("x")
def softplus(x, beta=1.0, threshold=20.0):
    r"""A smooth relu, the integral of the sigmoid.

    $$y_i = \begin{cases} x_i & \beta x_i > \theta \\ \frac1\beta \log(1 + e^{\beta x_i}) & \text{otherwise}\end{cases}$$

    The threshold is part of the definition (the jump there is $e^{-\theta}/\beta$).  Below it,
    $\log(1 + e^z) = \max(z, 0) + \log(1 + e^{-|z|})$ never overflows, and log1p keeps the left tail.  That tail is
    $e^z$, which multiplies the relative error of $z = \beta x$ by |z|; the rounding error of the product is therefore
    computed and taken into account, also where z is compared with the threshold.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: softplus(-inf) = 0, softplus(inf) = inf, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Dugas, Bengio, Bélisle, Nadeau & Garcia, Incorporating second-order functional knowledge (2001).

    >>> softplus(np.array([-np.inf, 0.0, 30.0])).round(4)
    array([ 0.    ,  0.6931, 30.    ])
    """
    if beta == 1.0:
        return split(x > threshold, identity, _log_one_plus_exp, x)
    z, e = product(x, beta)
    t = np.exp(-np.abs(z))
    t -= np.sign(z) * e * t
    y = np.maximum(np.sign(z), 0.0) * _finite(x) + np.log1p(t) / beta
    y = np.where(z < -600, exp_times((1.0 + e) / beta, z), y)
    return np.where(_is_linear(z, e, threshold), x, y)


@elementwise("grad_output", "x")
def softplus_backward(grad_output, x, beta=1.0, threshold=20.0):
    r"""The gradient of softplus.

    $\frac{d}{dx}\frac1\beta\log(1 + e^{\beta x}) = \sigma(\beta x)$ below the threshold, 1 above it.  As in the
    forward, the rounding error of $\beta x$ enters as $e^{z + \delta} = e^z(1 + \delta)$ on the left.
    $dx_i = dy_i\,\sigma(\beta x_i)$ or $dy_i$.

    >>> softplus_backward(np.array([4.0, 4.0]), np.array([0.0, 30.0]))
    (array([2., 4.]),)
    """
    z, e = product(x, beta)
    dx = logistic(grad_output * (1.0 + np.where(z < -1, e, 0.0)), z)
    return (np.where(_is_linear(z, e, threshold), grad_output, dx),)


@regimes((-np.inf, -2400.0, 0.0), (-(2.0**-60), 2.0**-60, math.log(2.0)))
def _log_one_plus_exp(x):
    return split(x < -600.0, lambda v: exp_times(1.0, v), lambda v: np.maximum(v, 0.0) + np.log1p(np.exp(-np.abs(v))), x)


def _is_linear(z, e, threshold):
    """Whether z + e, the exact product of beta and x, is above the threshold."""
    return (z > threshold) | ((z == threshold) & (e > 0))


def _finite(x):
    """x with infinities at the largest number, so that a factor of 0 gives 0."""
    return np.clip(x, -np.finfo(np.float64).max, np.finfo(np.float64).max)
