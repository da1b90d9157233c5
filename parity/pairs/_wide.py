"""Fast float64 forms of the elementwise ops: the filter of `parity sweep`, which ball arithmetic then certifies.

Each takes a float64 array (values of a narrower dtype) and the pair's options, and must be good to a few float64 ulp there:
`ULPS` states how many where it is not `USUAL`.  They are written independently of our own implementations: our ops call
NumPy's exp, expm1, log1p, log, sin and tanh, so these call PyTorch's float64 kernels, or use another formula.  PyTorch's
float32 kernels are other code than its float64 ones, so it may be swept with the same forms.  The straight lines can hardly
be written in two ways; for them only the ball arithmetic of the sweep is independent.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from parity.references import resolve

USUAL = 16.0
"""Float64 ulp that a form may be off where `ULPS` says nothing."""
FAR = 150.0
"""e^-150 is 0 in every narrower dtype: exponents are clipped here, which keeps PyTorch's exp on its fast path."""
HALF_ROOT = math.sqrt(0.5)


def _torch(name: str, x: np.ndarray) -> np.ndarray:
    """A float64 kernel of PyTorch on one thread."""
    import torch

    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    return resolve(f"torch.{name}")(torch.from_numpy(x)).numpy()


def _scipy(name: str, x: Any) -> Any:
    return resolve(f"scipy.special.{name}")(x)


def _split(x, first, near, beyond):
    """`near(x)` where the mask `first` is set, `beyond(x)` elsewhere; a block that lies on one side is not cut up."""
    count = np.count_nonzero(first)
    if count == x.size:
        return near(x)
    if count == 0:
        return beyond(x)
    y = np.empty_like(x)
    y[first], y[~first] = near(x[first]), beyond(x[~first])
    return y


# -- made of straight lines: exact but for one or two roundings ----------------------------------------------------------------
def relu(x):
    """max(x, 0)."""
    return np.maximum(x, 0.0)


def relu6(x):
    """min(max(x, 0), 6)."""
    return np.clip(x, 0.0, 6.0)


def leaky_relu(x, negative_slope=0.01):
    """The larger of x and a x (0 <= a <= 1)."""
    return np.maximum(x, negative_slope * x)


def hardtanh(x, min_val=-1.0, max_val=1.0):
    """x between the ends."""
    return np.clip(x, min_val, max_val)


def hardsigmoid(x):
    """(x + 3)/6 between 0 and 1."""
    return np.clip(x + 3.0, 0.0, 6.0) / 6.0


def hardswish(x):
    """x times hardsigmoid; -inf enters as -3, because inf 0 is nan."""
    return np.maximum(x, -3.0) * np.clip(x + 3.0, 0.0, 6.0) / 6.0


def threshold(x, threshold, value):
    """A constant up to the threshold, x beyond."""
    return np.where(x <= threshold, value, x)


def hardshrink(x, lambd=0.5):
    """0 within lambda, x beyond."""
    return np.where(np.abs(x) <= lambd, 0.0, x)


def softshrink(x, lambd=0.5):
    """x minus what of it lies within lambda."""
    return x - np.clip(x, -lambd, lambd)


def adjust_brightness(x, factor):
    """The product between 0 and 1."""
    return np.clip(x * factor, 0.0, 1.0)


# -- exponentials --------------------------------------------------------------------------------------------------------------
def _exp(x):
    return _torch("exp", np.clip(x, -FAR, FAR))


def _expm1(x):
    return _torch("expm1", x)


def _log1p(x):
    return _torch("log1p", x)


def elu(x, alpha=1.0):
    """x, or alpha expm1(x) on the left."""
    return np.where(x > 0, x, alpha * _expm1(np.clip(x, -FAR, 0.0)))


def celu(x, alpha=1.0):
    """x, or alpha expm1(x/alpha) on the left."""
    return np.where(x > 0, x, alpha * _expm1(np.clip(x / alpha, -FAR, 0.0)))


def selu(x):
    """elu with both published constants."""
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def sigmoid(x):
    """1/(1 + e^-x): float64 has the range for it."""
    return _torch("sigmoid", x)


def logsigmoid(x):
    """min(x, 0) - log(1 + e^-|x|)."""
    return np.minimum(x, 0.0) - _log1p(_exp(-np.abs(x)))


def tanh(x):
    """PyTorch's."""
    return _torch("tanh", x)


def tanhshrink(x):
    """x - tanh(x); below 1 from Lambert's continued fraction, whose terms are all positive: x t/(1 + t)."""
    return _split(x, np.abs(x) < 1.0, _tanhshrink_small, lambda v: v - _torch("tanh", v))


def _tanhshrink_small(x):
    """t = x^2/(3 + x^2/(5 + ...)): tanh(x) = x/(1 + t), so that x - tanh(x) = x t/(1 + t)."""
    square = x * x
    t = square / 23.0
    for k in range(21, 1, -2):
        t += k
        np.divide(square, t, out=t)
    return x * (t / (1.0 + t))


def softsign(x):
    """x/(1 + |x|); infinities enter as 2^400."""
    v = np.clip(x, -(2.0**400), 2.0**400)
    return v / (1.0 + np.abs(v))


def softplus(x):
    """log(1 + e^x), and x itself beyond 20."""
    return np.where(x > 20.0, x, _log1p(_exp(x)))


def silu(x):
    """x/(1 + e^-x)."""
    v = np.maximum(x, -FAR)
    return v / (1.0 + _exp(-v))


def mish(x):
    """x tanh(log(1 + e^x)), as it is defined."""
    v = np.maximum(x, -FAR)
    return v * _torch("tanh", _log1p(_exp(v)))


def gelu(x):
    """x/2 erfc(-x/sqrt(2)); the rounded argument costs x^2 ulp, 200 of them where float32 results end."""
    v = np.maximum(x, -FAR)
    return 0.5 * v * erfc(v * -HALF_ROOT)


# -- special functions ---------------------------------------------------------------------------------------------------------
def sinc(x):
    """sin(pi r)/(pi x) with the sign of the parity of n, r = x - n; and 1 where x is so small that the quotient is."""
    n = np.rint(x)
    odd = np.abs(n - 2.0 * np.rint(0.5 * n))
    angle = np.pi * x
    y = (1.0 - 2.0 * odd) * _torch("sin", np.pi * (x - n)) / angle
    return np.where(np.abs(x) < 2.0**-30, 1.0, np.where(np.isinf(x), 0.0, y))


def expm1(x):
    """PyTorch's."""
    return _expm1(x)


def log1p(x):
    """PyTorch's."""
    return _log1p(x)


def rsqrt(x):
    """The root of the reciprocal (ours is the reciprocal of the root); both operations are correctly rounded."""
    return np.where(x == 0, 1.0 / x, np.sqrt(1.0 / np.maximum(x, -1.0)))


def erf(x):
    """PyTorch's."""
    return _torch("erf", x)


def erfc(x):
    """PyTorch's; beyond 30 it is 0 or 2 in every narrower dtype, and its slow path is left out."""
    return _split(x, np.abs(x) >= 30.0, lambda v: 1.0 - np.sign(v), lambda v: _torch("special.erfc", v))


def erfinv(x):
    """PyTorch's, and nan outside [-1, 1]."""
    return _split(x, np.abs(x) <= 1.0, lambda v: _torch("special.erfinv", v), lambda v: np.full(v.shape, np.nan))


def ndtr(x):
    """erfc(-x/sqrt(2))/2, with gelu's loss in the tail."""
    return 0.5 * erfc(x * -HALF_ROOT)


def log_ndtr(x):
    """SciPy's, and -0 beyond 40."""
    return _split(x, x > 40.0, lambda v: np.full(v.shape, -0.0), lambda v: _scipy("log_ndtr", v))


def ndtri(x):
    """SciPy's, and nan outside [0, 1]."""
    return _split(x, np.abs(x - 0.5) <= 0.5, lambda v: _scipy("ndtri", v), lambda v: np.full(v.shape, np.nan))


def lgamma(x):
    """SciPy's on the right, a series about its roots 1 and 2, and the reflection with an exact sin(pi x) on the left."""
    return _split(x, x < 0.0, _lgamma_left, lambda v: _split(v, np.abs(v - 1.5) < 0.75, _lgamma_roots, _gammaln))


def _gammaln(x):
    return _scipy("gammaln", x)


def _lgamma_roots(x):
    """With d = x - 2: (1 - gamma) d + sum (zeta(k) - 1) (-d)^k/k; left of 1.5 it is that of x + 1, less log(x)."""
    left = x < 1.5
    d = np.where(left, x - 1.0, x - 2.0)
    coefficients = [0.0, 1.0 - np.euler_gamma, *(_scipy("zetac", float(k)) * (-1) ** k / k for k in range(2, 40))]
    y = np.polynomial.polynomial.polyval(d, coefficients)
    return y - np.where(left, _log1p(d), 0.0)


def _lgamma_left(x):
    """log(pi/|sin(pi r)|) - lgamma(1 - x), r the distance to the nearest integer; +inf at the poles, to which -inf belongs."""
    return _split(x, x == np.rint(x), lambda v: np.full(v.shape, np.inf), _lgamma_reflected)


def _lgamma_reflected(x):
    return np.log(np.pi / np.abs(_torch("sin", np.pi * (x - np.rint(x))))) - _gammaln(1.0 - x)


def digamma(x):
    """SciPy's on the right; on the left psi(1 - x) - pi cot(pi r), r the distance to the nearest integer; nan at the poles."""
    return _split(x, x < 0.0, _digamma_left, lambda v: np.where(v == 0, -1.0 / v, _scipy("psi", v)))


def _digamma_left(x):
    return _split(x, x == np.rint(x), lambda v: np.full(v.shape, np.nan), _digamma_reflected)


def _digamma_reflected(x):
    return _scipy("psi", 1.0 - x) - np.pi / _torch("tan", np.pi * (x - np.rint(x)))


def entr(x):
    """-x log(x); 0 at 0 and -inf on the left."""
    return _split(x, x < 0, lambda v: np.full(v.shape, -np.inf), lambda v: np.where(v == 0, 0.0, -v * _torch("log", v)))


def logit(x):
    """log(x) - log1p(-x), and log1p((2x - 1)/(1 - x)) about 1/2, where the two logarithms would cancel."""
    return _split(x, np.abs(x - 0.5) <= 0.5, _logit_inside, lambda v: np.full(v.shape, np.nan))


def _logit_inside(x):
    middle = np.abs(x - 0.5) < 0.25
    return _split(x, middle, lambda v: _log1p((v - 0.5) * 2.0 / (1.0 - v)), lambda v: _torch("log", v) - _log1p(-v))


_FORMS = {
    "activations": (
        relu, relu6, leaky_relu, hardtanh, hardsigmoid, hardswish, threshold, hardshrink, softshrink, elu, celu, selu,
        sigmoid, logsigmoid, tanh, tanhshrink, softsign, softplus, silu, mish, gelu,
    ),
    "augmentation": (adjust_brightness,),
    "special": (
        sinc, expm1, log1p, rsqrt, erf, erfc, erfinv, ndtr, log_ndtr, ndtri, lgamma, digamma, entr, logit,
    ),
}  # fmt: skip
WIDE = {f"{family}.{form.__name__}": form for family, forms in _FORMS.items() for form in forms}
ULPS = {
    # 0: wherever a tie is within reach these are exact, so that a tie is one
    **dict.fromkeys(("activations.relu", "activations.relu6", "activations.hardtanh", "activations.threshold"), 0.0),
    **dict.fromkeys(("activations.hardshrink", "activations.softshrink", "augmentation.adjust_brightness"), 0.0),
    "activations.leaky_relu": 1.0,
    "activations.hardsigmoid": 2.0,
    "activations.hardswish": 4.0,
    "activations.gelu": 512.0,
    "special.ndtr": 512.0,
    "special.log_ndtr": 512.0,
    "special.lgamma": 8192.0,
    "special.digamma": 8192.0,
}
ROOTS = {"special.lgamma": 2.0**-9, "special.digamma": 2.0**-8}
"""Below this size of the result, near a root that the form does not resolve, ball arithmetic takes every value."""
