r"""Activations whose negative side is an exponential: elu, celu, selu.

All three are a line on the right and $e^x - 1$, stretched, on the left.  `expm1` keeps the digits of the left side near
zero, where $e^x$ and 1 cancel.  The derivative on the left is the exponential itself, not "value plus alpha": computed
from the value it would lose everything once the value has rounded to -alpha.
"""

from __future__ import annotations

import numpy as np

from npimpl._elementwise import elementwise
from npimpl.activations._scaled import exp_times, nan_where_nan, product

__all__ = ["celu", "celu_backward", "elu", "elu_backward", "selu", "selu_backward"]

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@elementwise("x")
def elu(x, alpha=1.0):
    r"""Exponential linear unit: the identity on the right, falling smoothly to -alpha on the left.

    $$y_i = \begin{cases} x_i & x_i > 0 \\ \alpha\,(e^{x_i} - 1) & \text{otherwise}\end{cases}$$

    expm1 avoids the cancellation of $e^x - 1$ near 0.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: elu(-inf) = -alpha, elu(inf) = inf, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Clevert, Unterthiner & Hochreiter, Fast and accurate deep network learning by ELUs (2016), eq. 15.

    >>> elu(np.array([-np.inf, 0.0, 2.0]), alpha=0.5)
    array([-0.5,  0. ,  2. ])
    """
    return np.where(x > 0, x, alpha * np.expm1(x))


@elementwise("grad_output", "x")
def elu_backward(grad_output, x, alpha=1.0):
    r"""The gradient of elu.

    The slope is 1 for x > 0 and $\alpha e^x$ otherwise; at x = 0 the left slope alpha is taken.
    $dx_i = dy_i$ or $dy_i\,\alpha\,e^{x_i}$.

    >>> elu_backward(np.array([4.0, 4.0]), np.array([0.0, 2.0]), alpha=0.5)
    (array([2., 4.]),)
    """
    return (np.where(x > 0, grad_output, exp_times(alpha, np.minimum(x, 0.0), dy=grad_output)),)


@elementwise("x")
def celu(x, alpha=1.0):
    r"""elu stretched in both directions, so that its slope is continuous for every alpha.

    $$y_i = \begin{cases} x_i & x_i > 0 \\ \alpha\,(e^{x_i/\alpha} - 1) & \text{otherwise}\end{cases}$$

    For alpha > 0 the rounding of $x/\alpha$ costs at most half an ulp of the result: the condition number of
    $e^z - 1$ is at most 1 on the left.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: celu(-inf) = -alpha, celu(inf) = inf, nan stays nan.
    Raises: ValueError if alpha is 0.
    Source: Barron, Continuously differentiable exponential linear units (2017), eq. 2.

    >>> celu(np.array([-np.inf, 0.0, 2.0]), alpha=0.5)
    array([-0.5,  0. ,  2. ])
    """
    _check_alpha(alpha)
    return np.where(x > 0, x, alpha * np.expm1(x / alpha))


@elementwise("grad_output", "x")
def celu_backward(grad_output, x, alpha=1.0):
    r"""The gradient of celu.

    The slope is 1 for x > 0 and $e^{x/\alpha}$ otherwise; both are 1 at x = 0.  Here the rounding of
    $z = x/\alpha$ does matter: $e^z$ multiplies its relative error by |z|, up to 745.  The remainder
    $x - z\alpha$ is computed exactly and enters as $e^{z+\delta} = e^z(1 + \delta)$.
    $dx_i = dy_i$ or $dy_i\,e^{x_i/\alpha}$.

    >>> celu_backward(np.array([4.0, 4.0]), np.array([0.0, 2.0]), alpha=0.5)
    (array([4., 4.]),)
    """
    _check_alpha(alpha)
    left = np.minimum(x, 0.0)
    z = left / alpha
    p, e = product(z, alpha)
    delta = ((left - p) - e) / alpha
    delta = np.where(np.isfinite(delta), delta, 0.0)
    return (np.where(x > 0, grad_output, exp_times(grad_output * (1.0 + delta), z)),)


@elementwise("x")
def selu(x):
    r"""Scaled elu, whose two constants make activations of zero mean and unit variance reproduce themselves.

    $$y_i = \lambda \begin{cases} x_i & x_i > 0 \\ \alpha\,(e^{x_i} - 1) & \text{otherwise}\end{cases}$$

    with $\lambda \approx 1.0507$ and $\alpha \approx 1.6733$, taken as the float64 numbers nearest to the published digits.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: selu(-inf) = -lambda alpha, selu(inf) = inf, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Klambauer, Unterthiner, Mayr & Hochreiter, Self-normalizing neural networks (2017), eq. 2 and 14.

    >>> selu(np.array([0.0, 1.0])).round(4)
    array([0.    , 1.0507])
    """
    return np.where(x > 0, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * np.expm1(x))


@elementwise("grad_output", "x")
def selu_backward(grad_output, x):
    r"""The gradient of selu: slope lambda for x > 0, $\lambda\alpha e^x$ otherwise (also at x = 0).

    $dx_i = dy_i\,\lambda$ or $dy_i\,\lambda\alpha\,e^{x_i}$.

    >>> selu_backward(np.array([1.0, 1.0]), np.array([0.0, 2.0]))[0].round(4)
    array([1.7581, 1.0507])
    """
    left = exp_times(SELU_SCALE * SELU_ALPHA, np.minimum(x, 0.0), dy=grad_output)
    return (nan_where_nan(np.where(x > 0, SELU_SCALE * grad_output, left), x),)


def _check_alpha(alpha):
    if alpha == 0:
        raise ValueError("alpha=0 makes x/alpha undefined; give a positive alpha.")
