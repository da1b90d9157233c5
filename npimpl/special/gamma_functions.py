r"""log |Gamma| and its derivative psi, the digamma function.

`npimpl._gamma` says how they and psi' are evaluated: expansions about their positive roots, Stirling's series for large
arguments, reflection for negative ones.
"""

from __future__ import annotations

import numpy as np

from npimpl import _gamma
from npimpl._elementwise import elementwise

__all__ = ["digamma", "digamma_backward", "lgamma", "lgamma_backward"]

_TINY = 1e-100
"""Below it the pole at 0 is all that is left of psi and psi'."""


@elementwise("x")
def lgamma(x):
    r"""The logarithm of the absolute value of the gamma function.

    $$y_i = \log|\Gamma(x_i)|,\qquad \Gamma(x) = \int_0^\infty t^{x-1}e^{-t}\,dt\;(x > 0),\qquad
      \Gamma(x) = \frac{\pi}{\sin(\pi x)\,\Gamma(1 - x)}$$

    Gamma overflows at x = 171.6, its logarithm only at 2.6e305.  Large x: Stirling's $x(\log x - 1)$, as a product, because
    $x\log x$ would overflow earlier.  Near the roots 1 and 2: (x - 1)(x - 2) times a smooth function, so that the result is
    as exact as x.  Negative x: the reflection formula with x reduced to its distance from an integer before it is
    multiplied by pi; between -2 and -11, where |Gamma| passes through 1, the error is bounded by the two terms
    that cancel, not by the result.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: inf at the poles 0, -1, -2, ... and at both infinities; lgamma(1) = lgamma(2) = 0; nan gives nan.
    Raises: TypeError if x is not numeric.
    Source: DLMF 5.2.1, 5.5.3, 5.11.1.

    >>> lgamma(np.array([0.0, 1.0, 0.5, 10.0]))
    array([        inf,  0.        ,  0.57236494, 12.80182748])
    """
    return _gamma.lgamma(x)


@elementwise("grad_output", "x")
def lgamma_backward(grad_output, x):
    r"""The gradient of `lgamma`.

    $dy_i/dx_i = \Gamma'(x_i)/\Gamma(x_i) = \psi(x_i)$, on the negative axis too: the absolute value changes Gamma and Gamma' by
    the same sign.  So $dx_i = dy_i\,\psi(x_i)$.  Beside 0, where psi is $-1/x_i$, dy is divided by $x_i$: the quotient may
    be in range where 1/x is not.

    Shapes: grad_output, x (any, the same) -> (dx,).
    Special values: the slope is -inf at 0, inf at -0, nan at the other poles, where it jumps from inf to -inf.

    >>> lgamma_backward(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    (array([-0.57721566,  0.84556867]),)
    """
    return (np.where(np.abs(x) < _TINY, -grad_output / x, grad_output * _gamma.digamma(x)),)


@elementwise("x")
def digamma(x):
    r"""The digamma function psi, the logarithmic derivative of the gamma function.

    $$y_i = \psi(x_i) = \frac{\Gamma'(x_i)}{\Gamma(x_i)} = -\gamma + \sum_{k\ge0}\Bigl(\frac1{k+1} - \frac1{k+x_i}\Bigr)$$

    Near the positive root x0 = 1.46163... it is (x - x0) times a smooth function, with x0 known to 107 bits, so it keeps
    its relative accuracy.  Negative x: $\psi(x) = \psi(1 - x) - \pi\cot(\pi x)$ with the cotangent taken at the distance
    of x from an integer.  At the negative roots, one between each pair of poles, these two terms cancel, and
    the error is bounded by them, not by the result.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: digamma(0) = -inf and digamma(-0) = inf, the two one-sided limits; nan at -1, -2, ... and at -inf;
    digamma(inf) = inf.
    Raises: TypeError if x is not numeric.
    Source: DLMF 5.2.2, 5.5.4, 5.7.6, 5.11.2.

    >>> digamma(np.array([0.0, 0.5, 1.0, -1.0]))
    array([       -inf, -1.96351003, -0.57721566,         nan])
    """
    return _gamma.digamma(x)


@elementwise("grad_output", "x")
def digamma_backward(grad_output, x):
    r"""The gradient of `digamma`.

    Term by term, $\psi'(x_i) = \sum_k (x_i + k)^{-2}$, the trigamma function (DLMF 5.15.1), which is positive:
    $dx_i = dy_i\,\psi'(x_i)$.  Beside 0, where it is $x_i^{-2}$, dy is divided by $x_i$ twice, in range whenever the result is.

    Shapes: grad_output, x (any, the same) -> (dx,).
    Special values: inf at 0; nan at -1, -2, ... where psi is nan itself; 0 at inf.

    >>> digamma_backward(np.array([1.0, 1.0]), np.array([1.0, np.inf]))
    (array([1.64493407, 0.        ]),)
    """
    undefined = (x < 0.0) & (x == np.rint(x))
    slope = np.where(np.abs(x) < _TINY, grad_output / x / x, grad_output * _gamma.trigamma(x))
    return (np.where(undefined, np.nan, slope),)
