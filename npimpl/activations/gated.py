r"""Activations that multiply the input by a gate between 0 and 1: silu, gelu, mish, glu.

$y = x\,g(x)$ with a gate g that rises from 0 to 1.  On the left both the value and the slope decay like an exponential,
and the slope has one root.  Three things are done about it:

- the gate is never formed as "1 + something close to -1"; its left tail is written as the exponential it is;
- an exponent that is itself rounded would cost as many ulp as its size (745), so its rounding error is computed;
- the slope is written so that its root is a factor: with $x = x_0 + h$, where $x_0$ is the root in two float64 numbers,
  every term carries h and has its sign.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl._axes import normalize_axis
from npimpl._compensated import two_sum
from npimpl._elementwise import elementwise
from npimpl._erf import erfcx, gauss, ndtr
from npimpl._piecewise import horner
from npimpl._precision import as_float
from npimpl._regimes import identity, regimes, split
from npimpl.activations._scaled import exp_times, logistic, one_plus_squared, product

__all__ = ["gelu", "gelu_backward", "glu", "glu_backward", "mish", "mish_backward", "silu", "silu_backward"]

_SILU_ROOT = (-1.2784645427610737, -1.0946994183093437e-16)
"""The root of 1 + x + e^x, and e^x there."""
_SILU_EXP = 0.2784645427610738
_MISH_ROOT = (-1.1924312145154952, -4.8484829848031044e-17)
"""The root x0 of the slope of mish, and below the Chebyshev fit of slope/h, h = x - x0, in powers of h on _MISH_NEAR."""
_MISH_NEAR = (-0.36, 0.45)
_MISH_SERIES = (
    0.2669479140495345, 0.20473126408010592, 0.04190782104360334, -0.020271822716700486, -0.015821126560994842,
    -0.003360684925762463, 0.001092405509140053, 0.0009898180636034848, 0.0002541300334152544, -4.1960944207869373e-05,
    -5.583646980757158e-05, -1.7303146535897657e-05, 9.885776255896717e-07, 2.9219926843250365e-06, 9.356338500246083e-07,
)  # fmt: skip
_GELU_ROOT = (-0.7517915246935645, 1.4956759177009883e-17)
_GELU_REACH = 0.5
_TANH_ROOT = (-0.7524614220710163, 3.635560509207687e-17)
"""The root of the slope of the tanh form of gelu, and e^u there."""
_TANH_EXP = 0.29195521191476714
_LINEAR = (1.5957691216057308, -9.96930880911092e-17)
"""sqrt(8/pi), and 0.044715 times that, each as head and tail."""
_CUBIC = (0.07135481627260025, -6.175149918155315e-19)
_TANH_SLOPES = (_LINEAR[0] + _CUBIC[0] * _TANH_ROOT[0] ** 2, _LINEAR[0] + 3.0 * _CUBIC[0] * _TANH_ROOT[0] ** 2)
"""u/x and v/x at the root, v = x u'."""
_DENSITY = 0.3989422804014327
"""1/sqrt(2 pi)."""


@elementwise("x")
@regimes((-np.inf, -800.0, -0.0), (-(2.0**-60), 2.0**-60, lambda x: 0.5 * x), (40.0, np.inf, identity))
def silu(x):
    r"""x times its own sigmoid, also called swish.

    $$y_i = x_i\,\sigma(x_i) = \frac{x_i}{1 + e^{-x_i}}$$

    For x < 0 the gate is $e^x/(1 + e^x)$, and x is multiplied in before $e^x$ becomes subnormal, so that the tail is
    right down to the smallest number.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: silu(-inf) = -0 (its limit), silu(inf) = inf, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Elfwing, Uchibe & Doya, Sigmoid-weighted linear units (2018), eq. 3.

    >>> silu(np.array([-np.inf, 0.0, np.inf]))
    array([-0.,  0., inf])
    """
    v = np.maximum(x, -800.0)
    return logistic(v, v)


@elementwise("grad_output", "x")
def silu_backward(grad_output, x):
    r"""The gradient of silu.

    By the product rule $\frac{dy}{dx} = \sigma(x)\,(1 + x\,\sigma(-x))$.  With $t = e^{-|x|}$ this is
    $(1 + (1 + x)t)/(1 + t)^2$ for x >= 0, and for x < 0

    $$\frac{e^x\,(e^x + 1 + x)}{(1 + e^x)^2},\qquad e^x + 1 + x = h + e^{x_0}(e^h - 1),\quad h = x - x_0,$$

    because $e^{x_0} = -(1 + x_0)$ at the root: both terms have the sign of h, and no digit is lost.  (Left of -2, far
    from the root, $1 + x$ is exact, and the plain sum is better by a rounding.)  $dx_i = dy_i$ times that.

    >>> silu_backward(np.array([2.0, 2.0]), np.array([0.0, np.inf]))
    (array([1., 2.]),)
    """
    v = np.clip(x, -1500.0, 800.0)
    t = np.exp(-np.abs(v))
    q = one_plus_squared(t)
    h = np.minimum((v - _SILU_ROOT[0]) - _SILU_ROOT[1], 2.0)
    falling = np.where(v < -2, (1.0 + v) + t, h + _SILU_EXP * np.expm1(h))
    falling = exp_times(falling / q, np.minimum(v, 0.0), t, grad_output)
    return (np.where(v >= 0, grad_output * ((1.0 + (1.0 + v) * t) / q), falling),)


@elementwise("x")
@regimes((-np.inf, -800.0, -0.0), (40.0, np.inf, identity))
def mish(x):
    r"""x times the hyperbolic tangent of its softplus.

    $$y_i = x_i\tanh(\log(1 + e^{x_i})) = x_i\,\frac{w(w + 2)}{w(w + 2) + 2},\qquad w = e^{x_i}$$

    since $\tanh\log a = (a^2 - 1)/(a^2 + 1)$ with $a = 1 + w$: one exponential instead of three functions, and nothing
    cancels.  For x >= 0 the fraction is written in $t = e^{-x}$, which cannot overflow.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: mish(-inf) = -0 (its limit), mish(inf) = inf, nan stays nan.
    Raises: TypeError if x is not real.
    Source: Misra, Mish: a self regularized non-monotonic activation function (2020), eq. 1.

    >>> mish(np.array([-np.inf, 0.0, np.inf]))
    array([-0.,  0., inf])
    """
    v = np.maximum(x, -800.0)
    t = np.exp(-np.abs(v))
    rising = v * ((1.0 + 2.0 * t) / (1.0 + 2.0 * t * (1.0 + t)))
    left = np.minimum(v, 0.0)
    return np.where(v >= 0, rising, exp_times(left * ((2.0 + t) / (2.0 + t * (2.0 + t))), left, t))


@elementwise("grad_output", "x")
def mish_backward(grad_output, x):
    r"""The gradient of mish.

    With $w = e^x$ and $n = w(w + 2)$ the gate is $n/(n + 2)$ and its slope $2n'/(n + 2)^2$, $n' = 2w(w + 1)$, so that

    $$\frac{dy}{dx} = \frac{n(n + 2) + 4x\,w(w + 1)}{(n + 2)^2} = \frac{w\,M(x)}{(n + 2)^2},\quad
      M(x) = (w + 2)(w^2 + 2w + 2) + 4x(w + 1).$$

    M vanishes at $x_0$, where its terms cancel.  Around it, for $h = x - x_0$ in (-0.36, 0.45), the slope is h times a
    polynomial.  Left of that M is summed as $4(1 + x) + w(6 + 4x + 4w + w^2)$, since $1 + x$ is exact left of -2.  Right of
    it gate plus x times slope of the gate, $(n + 4xw(w + 1)/(n + 2))/(n + 2)$, cancels little and has the fewest
    roundings; for x >= 0 numerator and denominator are divided by $w^2$, as sums of positive terms in $t = e^{-x}$.
    $dx_i = dy_i$ times that.

    >>> mish_backward(np.array([5.0, 5.0]), np.array([0.0, np.inf])) [0].round(12)
    array([3., 5.])
    """
    v = np.clip(x, -1500.0, 800.0)
    return (_mish_gradient(grad_output.reshape(-1), v.reshape(-1)).reshape(x.shape),)


@elementwise("x")
@regimes((-np.inf, -40.0, -0.0), (-(2.0**-60), 2.0**-60, lambda x: 0.5 * x), (40.0, np.inf, identity))
def gelu(x, approximate="none"):
    r"""x times the probability that a standard normal variable is below x.

    $$y_i = x_i\,\Phi(x_i) = \tfrac12\,x_i\,\mathrm{erfc}(-x_i/\sqrt2)$$

    or, with approximate="tanh", $\Phi$ replaced by a logistic function of a cubic,

    $$y_i = \tfrac12\,x_i\,\bigl(1 + \tanh\tfrac{u_i}{2}\bigr) = x_i\,\sigma(u_i),\qquad
      u_i = \sqrt{8/\pi}\,(x_i + 0.044715\,x_i^3).$$

    $1 + \mathrm{erf}$ and $1 + \tanh$ cancel for negative x; erfc and $\sigma$ do not.  Their tails are $e^{-x^2/2}$
    and $e^u$, which multiply the relative error of their exponents by their size; these exponents are
    therefore kept in two numbers, head and tail.

    Shapes: x (any) -> y (the same), in x's dtype.
    Special values: gelu(-inf) = -0 (its limit), gelu(inf) = inf, nan stays nan.
    Raises: ValueError if approximate is neither "none" nor "tanh".
    Source: Hendrycks & Gimpel, Gaussian error linear units (2016), section 2; DLMF 7.2.2 for erfc.

    >>> gelu(np.array([-np.inf, 0.0, 1.0])).round(4)
    array([-0.    ,  0.    ,  0.8413])
    """
    if _is_tanh(approximate):
        return split(x < -0.25, _tanh_falling, _tanh_rising, x)
    return split(x < -37.0, _gelu_far, lambda v: v * ndtr(v), x)


@elementwise("grad_output", "x")
def gelu_backward(grad_output, x, approximate="none"):
    r"""The gradient of gelu.

    By the product rule, with the density $\varphi(x) = e^{-x^2/2}/\sqrt{2\pi} = \Phi'(x)$,

    $$\frac{dy}{dx} = \Phi(x) + x\,\varphi(x).$$

    The two terms cancel at the root $x_0 = -0.7518$.  Around it the slope is integrated from the root:
    $\frac{d^2y}{dx^2} = \varphi(x)(2 - x^2)$, whose Taylor series at $x_0$ follows from that of $\varphi$, for which
    $\varphi' = -x\varphi$ gives $(k + 1)c_{k+1} = -(x_0 c_k + c_{k-1})$.

    The tanh form has $\frac{dy}{dx} = \sigma(u)\,(1 + x u'\sigma(-u))$; with $v = x u'$ it is treated like silu:
    $e^u + 1 + v = e^{u_0}(e^{u - u_0} - 1) + (v - v_0)$, both terms with the sign of $x - x_0$.
    $dx_i = dy_i$ times the slope.

    >>> gelu_backward(np.array([2.0, 2.0]), np.array([0.0, np.inf]))
    (array([1., 2.]),)
    """
    if _is_tanh(approximate):
        return (_tanh_gradient(grad_output, np.clip(x, -64.0, 64.0)),)
    v = np.clip(x, -60.0, 40.0)
    h = (v - _GELU_ROOT[0]) - _GELU_ROOT[1]
    slope = np.where(np.abs(h) < _GELU_REACH, 0.0, ndtr(v) + v * (_DENSITY * gauss(v, -0.5)))
    dx = grad_output * _near_root(slope, h)
    if np.any(v < -37):
        e, delta = _half_square(v)
        bracket = 0.5 * erfcx(np.maximum(-v, 0.0) * math.sqrt(0.5)) + v * _DENSITY
        dx = np.where(v < -37, exp_times(bracket * (1.0 - delta), -e, dy=grad_output), dx)
    return (dx,)


def glu(x, axis=-1):
    r"""Gated linear unit: one half of the channels, each times the sigmoid of its partner in the other half.

    $$y_c = a_c\,\sigma(b_c),\qquad a_c = x_c,\quad b_c = x_{c + C/2},\qquad 0 \le c < C/2$$

    along `axis`.  For b < 0 the product is $a\,e^b/(1 + e^b)$, with a multiplied in before $e^b$ becomes subnormal.

    Shapes: x (..., C, ...) -> y (..., C/2, ...), in x's dtype.
    Special values: as the arithmetic gives them; an infinite a with b = -inf is nan.
    Raises: ValueError if x has no axes or an odd number of channels; AxisError if axis is out of range.
    Source: Dauphin, Fan, Auli & Grangier, Language modeling with gated convolutional networks (2017), eq. 1.

    >>> glu(np.array([2.0, 4.0, 0.0, np.inf]))
    array([1., 4.])
    """
    a, b = _channel_halves(as_float(x), axis)
    return _gate(a, b)


def glu_backward(grad_output, x, axis=-1):
    r"""The gradient of glu.

    $\partial y/\partial a = \sigma(b)$ and $\partial y/\partial b = a\,\sigma'(b) = a\,t/(1 + t)^2$ with
    $t = e^{-|b|}$.  The gradient has the two halves side by side, as x has:
    $dx = (dy\,\sigma(b),\; dy\,a\,\sigma'(b))$.

    >>> glu_backward(np.array([2.0]), np.array([4.0, 0.0]))
    (array([1., 2.]),)
    """
    a, b = _channel_halves(as_float(x), axis)
    dy = as_float(grad_output, "grad_output")
    if dy.shape != a.shape:
        raise ValueError(
            f"`grad_output` has shape {dy.shape}, but glu's result has shape {a.shape}; give one cotangent for each."
        )
    return (np.concatenate(_gate_gradients(dy, a, b), axis=axis),)


# -- glu ---------------------------------------------------------------------------------------------------------------
@elementwise("a", "b")
def _gate(a, b):
    return logistic(a, b)


@elementwise("grad_output", "a", "b")
def _gate_gradients(grad_output, a, b):
    t = np.exp(-np.abs(b))
    return logistic(grad_output, b), exp_times(a, -np.abs(b), t, grad_output / one_plus_squared(t))


def _channel_halves(x, axis):
    if x.ndim == 0:
        raise ValueError("`x` has no axes, but glu halves one; give an array of at least one dimension.")
    (k,) = normalize_axis(axis, x.ndim)
    if x.shape[k] % 2:
        raise ValueError(f"`x` has {x.shape[k]} channels along axis {axis}, but glu needs an even number of them.")
    a, b = np.split(x, 2, axis=k)
    return a, b


# -- mish --------------------------------------------------------------------------------------------------------------
def _mish_gradient(dy, x):
    t = np.exp(-np.abs(x))
    a, c, t2 = 1.0 + t, 4.0 * x, t * t
    both, p, r = c * a, 2.0 + t * (2.0 + t), a + (t + 2.0 * t2)
    falling = ((1.0 + a) + both / p) / p
    left = np.flatnonzero(x < -1.5)
    falling[left] = _mish_left(x[left], t[left])
    dx = exp_times(falling, np.minimum(x, 0.0), t, dy)
    dx = np.where(x >= 0, dy * (((a + t) + both * t2 / r) / r), dx)
    h = (x - _MISH_ROOT[0]) - _MISH_ROOT[1]
    near = np.flatnonzero((h > _MISH_NEAR[0]) & (h < _MISH_NEAR[1]))
    h = h[near]
    dx[near] = dy[near] * (h * horner(_MISH_SERIES, h))
    return dx


def _mish_left(x, w):
    """M/(n + 2)^2 left of the root, n + 2 = 2 (1 + q)."""
    q = w * (1.0 + 0.5 * w)
    return (4.0 * (1.0 + x) + w * ((6.0 + 4.0 * x) + w * (4.0 + w))) / (4.0 * one_plus_squared(q))


# -- gelu --------------------------------------------------------------------------------------------------------------
def _is_tanh(approximate) -> bool:
    if approximate not in ("none", "tanh"):
        raise ValueError(f'approximate={approximate!r} is unknown; give "none" or "tanh".')
    return approximate == "tanh"


def _half_square(x):
    """x^2/2 as head and tail."""
    p, e = product(x, x)
    return 0.5 * p, 0.5 * e


def _gelu_far(x):
    """x Phi(x) for x < -37, where Phi itself becomes subnormal: the exponential comes last."""
    v = np.maximum(x, -40.0)
    e, delta = _half_square(v)
    return exp_times(v * (0.5 * erfcx(-v * math.sqrt(0.5))) * (1.0 - delta), -e)


def _taylor_at_root():
    """The Taylor coefficients of the slope of gelu at its root, divided by h."""
    r = _GELU_ROOT[0]
    c = [_DENSITY * math.exp(-r * r / 2)]
    c.append(-r * c[0])
    for k in range(1, 25):
        c.append(-(r * c[k] + c[k - 1]) / (k + 1))
    curvature = [(2 - r * r) * c[k] - 2 * r * (c[k - 1] if k > 0 else 0) - (c[k - 2] if k > 1 else 0) for k in range(25)]
    return [g / (k + 1) for k, g in enumerate(curvature)]


_ROOT_SERIES = _taylor_at_root()


def _near_root(slope, h):
    """`slope`, replaced by the Taylor series where |h| is small."""
    near = np.abs(h) < _GELU_REACH
    if not np.any(near):
        return slope
    return np.where(near, h * horner(_ROOT_SERIES, np.where(near, h, 0.0)), slope)


def _inner(x):
    """u = sqrt(8/pi) (x + 0.044715 x^3) as head and tail."""
    s, ds = product(x, x)
    p, dp = product(s, _CUBIC[0])
    q, dq = two_sum(_LINEAR[0], p)
    dq = dq + (dp + _CUBIC[0] * ds + _CUBIC[1] * s + _LINEAR[1])
    u, du = product(x, q)
    return u, du + x * dq


def _tanh_falling(x):
    """x sigma(u) for negative x, as x e^u/(1 + e^u)."""
    v = np.maximum(x, -64.0)
    u, du = _inner(v)
    t = np.exp(u)
    return exp_times(v * (1.0 + du) / (1.0 + t), u, t)


def _tanh_rising(x):
    v = np.minimum(x, 64.0)
    return x / (1.0 + np.exp(-v * (_LINEAR[0] + _CUBIC[0] * (v * v))))


def _tanh_gradient(dy, x):
    u, du = _inner(x)
    t = np.exp(-np.abs(u))
    q = one_plus_squared(t)
    v = x * (_LINEAR[0] + 3.0 * _CUBIC[0] * (x * x))
    left = np.minimum(x, 0.0)
    h = (left - _TANH_ROOT[0]) - _TANH_ROOT[1]
    s = left * (left + _TANH_ROOT[0])
    near = _TANH_EXP * np.expm1(h * (_TANH_SLOPES[0] + _CUBIC[0] * s)) + h * (_TANH_SLOPES[1] + 3.0 * _CUBIC[0] * s)
    rise = np.where(np.abs(h) < 1.0 / 2.0, near, 1.0 + v + t)
    falling = exp_times((rise + rise * du) / q, np.minimum(u, 0.0), t, dy)
    return np.where(x >= 0, dy * ((1.0 + (1.0 + v) * t) / q), falling)
