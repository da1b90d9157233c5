"""Every elementwise op once more, for mpmath, by another formula than the one in `parity/definitions`.

`FORMULAS[op]` holds the value, the slope and the interval of the inputs that are compared.  The special functions are series,
continued fractions and recurrences written out here, on nothing but mpmath's arithmetic, exp, log and trigonometry.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any

from mpmath import bernfrac, exp, inf, log, mp, mpf, nan, sign, sinh, sqrt

BITS = 280
"""The working precision: 106 bits of a result, and what the formulas below may lose by cancelling."""
LARGEST = sys.float_info.max
TINIEST = 5e-324


@dataclass(frozen=True)
class Formula:
    """`value(x, **options)` and `slope(x, **options)` for finite inputs from `low` to `high`."""

    value: Callable[..., Any]
    slope: Callable[..., Any]
    low: float = -LARGEST
    high: float = LARGEST


def between(a, x, b):
    """The middle one of three numbers: x clipped to [a, b]."""
    return sorted([mpf(a), x, mpf(b)])[1]


def inside(a, x, b):
    """1 for a < x < b, else 0."""
    return mpf(a < x < b)


# -- straight lines ------------------------------------------------------------------------------------------------------
def leaky_relu(x, negative_slope=0.01):
    return max(x, mpf(0)) + mpf(negative_slope) * min(x, mpf(0))


def hardtanh(x, min_val=-1.0, max_val=1.0):
    return between(min_val, x, max_val)


def hardswish_slope(x):
    return mpf(x >= 3) if abs(x) >= 3 else (2 * x + 3) / 6


def softshrink(x, lambd=0.5):
    return sign(x) * max(abs(x) - mpf(lambd), mpf(0))


def outside(x, lambd=0.5):
    """1 for |x| > lambda, else 0: the slope of both shrinks."""
    return mpf(abs(x) > mpf(lambd))


# -- exponentials --------------------------------------------------------------------------------------------------------
def log_one_plus(u):
    """log(1 + u) as 2 atanh(u / (2 + u)) for -1/2 < u <= 1, as an odd series where u is small."""
    z = u / (2 + u)
    if abs(z) > mpf(2) ** -20:
        return log((1 + z) / (1 - z))
    return 2 * z * sum(z ** (2 * k) / (2 * k + 1) for k in range(BITS // 40 + 1))


def exp_minus_one(x):
    """e^x - 1 = 2 e^(x/2) sinh(x/2)."""
    return 2 * exp(x / 2) * sinh(x / 2)


def logistic(x):
    """e^(x/2) / (2 cosh(x/2)), with the exponentials of the smaller kind."""
    q = exp(-abs(x) / 2)
    return (q if x < 0 else 1 / q) / (q + 1 / q)


def logistic_slope(x):
    q = exp(-abs(x) / 2)
    return 1 / (q + 1 / q) ** 2


def softplus_everywhere(x):
    """log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)."""
    return max(x, mpf(0)) + log_one_plus(exp(-abs(x)))


def elu(x, alpha=1.0):
    return x if x > 0 else mpf(alpha) * exp_minus_one(x)


def elu_slope(x, alpha=1.0):
    return mpf(1) if x > 0 else mpf(alpha) / exp(-x)


SELU_ALPHA, SELU_SCALE = mpf(1.6732632423543772), mpf(1.0507009873554805)
"""The doubles nearest the constants of the paper (Klambauer et al. 2017): a convention, so the same here."""


def tanh(x):
    """(1 - q) / (1 + q) with q = e^(-2 |x|)."""
    d = exp_minus_one(-2 * abs(x))
    return -sign(x) * d / (d + 2)


def tanh_slope(x):
    q = exp(-2 * abs(x))
    return 4 * q / (1 + q) ** 2


def tanhshrink(x):
    """From Lambert's fraction tanh x = x / (1 + x^2/(3 + x^2/(5 + ...))) where x is small (DLMF 4.39.1)."""
    if abs(x) > 3:
        return x - tanh(x)
    t = mpf(0)
    for k in range(81, 1, -2):
        t = x * x / (k + t)
    return x * t / (1 + t)


def softplus(x, beta=1.0, threshold=20.0):
    z = x * mpf(beta)
    return x if z > threshold else softplus_everywhere(z) / mpf(beta)


def softplus_slope(x, beta=1.0, threshold=20.0):
    z = x * mpf(beta)
    return mpf(1) if z > threshold else logistic(z)


def silu_slope(x):
    return logistic(x) * (1 + x * logistic(-x))


def mish(x):
    """tanh(log w) = (w^2 - 1) / (w^2 + 1) with w = 1 + e^x, made of q = e^-|x|."""
    q = exp(-abs(x))
    return x * (1 + 2 * q) / (1 + 2 * q + 2 * q * q) if x > 0 else x * q * (q + 2) / (q * q + 2 * q + 2)


def mish_slope(x):
    """e^x (4 (x + 1) + 4 e^2x + e^3x + e^x (4 x + 6)) / (2 e^x + e^2x + 2)^2 (Misra 2019), over e^4x for x > 0."""
    q = exp(-abs(x))
    if x > 0:
        return (4 * (x + 1) * q**3 + 4 * q + 1 + q * q * (4 * x + 6)) / (2 * q + 1 + 2 * q * q) ** 2
    return q * (4 * (x + 1) + 4 * q * q + q**3 + q * (4 * x + 6)) / (2 * q + q * q + 2) ** 2


# -- the normal distribution -----------------------------------------------------------------------------------------------
CENTRAL = 7
"""Up to here Phi is its series, beyond it Mills's ratio is its continued fraction."""


def density(x):
    return exp(-x * x / 2) / sqrt(2 * mp.pi)


def mills(x):
    """Q(x) / phi(x) = 1/(x + 1/(x + 2/(x + 3/(x + ...)))), for x > CENTRAL (DLMF 7.9.1)."""
    t = mpf(0)
    for k in range(max(40, min(400, int(20_000 / x**2))), 0, -1):
        t = k / (x + t)
    return 1 / (x + t)


def half_area(x):
    """Phi(x) - 1/2 = phi(x) (x + x^3/3 + x^5/15 + ...), all terms of one sign (Marsaglia 2004)."""
    term = total = x
    k, w, least = 1, x * x, abs(x) * mpf(2) ** -BITS
    while abs(term) > least:
        k += 2
        term = term * w / k
        total += term
    return density(x) * total


def upper(x):
    """Q(x) = 1 - Phi(x)."""
    if abs(x) <= CENTRAL:
        return mpf(1) / 2 - half_area(x)
    return mills(x) * density(x) if x > 0 else 1 - upper(-x)


def log_phi(x):
    if x < -CENTRAL:
        return -x * x / 2 - log(2 * mp.pi) / 2 + log(mills(-x))
    return log(upper(-x)) if x < 0 else log_one_plus(-upper(x))


def log_phi_slope(x):
    return 1 / mills(-x) if x < -CENTRAL else density(x) / upper(-x)


def erf(x):
    return 2 * half_area(x * sqrt(2)) if abs(x) < 5 else sign(x) * (1 - 2 * upper(abs(x) * sqrt(2)))


def erf_slope(x):
    return 2 * density(x * sqrt(2)) * sqrt(2)


def quantile(p):
    """The y with Phi(y) = p, by three of Newton's steps from a double: the errors are squared from 2^-50 or so to 2^-400."""
    if p > mpf(1) / 2:
        return -quantile(1 - p)
    y = mpf(NormalDist().inv_cdf(float(p)))
    for _ in range(3):
        y -= (upper(-y) - p) / density(y)
    return y


def erfinv(x):
    """The quantile of (1 + x)/2; near 0, where that loses x, Newton's steps on erf itself."""
    if abs(x) > 1e-3:
        return quantile((1 + x) / 2) / sqrt(2)
    y = x * sqrt(mp.pi) / 2
    for _ in range(4):
        y -= (erf(y) - x) / erf_slope(y)
    return y


def gelu(x, approximate="none"):
    return x * upper(-x) if approximate == "none" else x * logistic(2 * _gelu_argument(x))


def _gelu_argument(x):
    return sqrt(2 / mp.pi) * (x + mpf(44715) / 10**6 * x**3)


def gelu_slope(x, approximate="none"):
    if approximate == "none":
        return upper(-x) + x * density(x)
    z = 2 * _gelu_argument(x)
    return logistic(z) + x * logistic_slope(z) * 2 * sqrt(2 / mp.pi) * (1 + mpf(134145) / 10**6 * x * x)


# -- the gamma function ----------------------------------------------------------------------------------------------------
SHIFT, FAR_LEFT = 60, -150


@cache
def bernoulli(n: int):
    """B_2n as a pair of integers."""
    return bernfrac(2 * n)


def _series(f):
    """The sum of f(n, B_2n) for n = 1 ... 50: at x >= SHIFT what is left out is below 2^-300."""
    return sum(f(n, mpf(p) / q) for n in range(1, 51) for p, q in [bernoulli(n)])


def _steps(x) -> int:
    """How often 1 is added before Stirling's series is used."""
    return max(0, int(mp.ceil(SHIFT - x))) if x < SHIFT else 0


def is_pole(x) -> bool:
    return x <= 0 and x == mp.floor(x)


def lgamma(x):
    """Stirling's series (DLMF 5.11.1) after the recurrence; far on the left the reflection formula."""
    if is_pole(x) or x in (1, 2):
        return inf if is_pole(x) else mpf(0)
    if x < FAR_LEFT:
        return log(mp.pi / abs(mp.sinpi(x))) - lgamma(1 - x)
    n = _steps(x)
    z = x + n
    w = 1 / (z * z)
    tail = _series(lambda k, b: b / (2 * k * (2 * k - 1)) * w**k) * z
    return (z - mpf(1) / 2) * log(z) - z + log(2 * mp.pi) / 2 + tail - sum(log(abs(x + k)) for k in range(n))


def digamma(x):
    """The asymptotic series (DLMF 5.11.2) after the recurrence; far on the left the reflection formula."""
    if is_pole(x):
        return nan
    if x < FAR_LEFT:
        return digamma(1 - x) - mp.pi * mp.cospi(x) / mp.sinpi(x)
    n = _steps(x)
    w = 1 / (x + n) ** 2
    tail = _series(lambda k, b: b / (2 * k) * w**k)
    return log(x + n) - 1 / (2 * (x + n)) - tail - sum(1 / (x + k) for k in range(n))


def trigamma(x):
    """The derivative of the lines above."""
    if is_pole(x):
        return nan
    if x < FAR_LEFT:
        return (mp.pi / mp.sinpi(x)) ** 2 - trigamma(1 - x)
    n = _steps(x)
    z = x + n
    tail = _series(lambda k, b: b / z ** (2 * k)) / z
    return 1 / z + 1 / (2 * z * z) + tail + sum(1 / (x + k) ** 2 for k in range(n))


# -- elementary ------------------------------------------------------------------------------------------------------------
def _sinc_series(x, first):
    """The terms (-1)^k (pi x)^2k / (2k + 1)!, each times first(k)."""
    w = (mp.pi * x) ** 2
    return sum(first(k) * (-w) ** k / mp.factorial(2 * k + 1) for k in range(60))


def sinc(x):
    """Its Taylor series within 2 of 0."""
    return _sinc_series(x, lambda k: 1) if abs(x) < 2 else mp.sinpi(x) / (mp.pi * x)


def sinc_slope(x):
    if abs(x) < 2:
        return _sinc_series(x, lambda k: 2 * k) / x if x else mpf(0)
    return (mp.cospi(x) - sinc(x)) / x


def log1p(x):
    return log_one_plus(x) if abs(x) < 0.5 else log(x) + log_one_plus(1 / x) if x > 1 else -log_one_plus(-x / (1 + x))


def entr(x):
    return x * log(1 / x) if abs(x - 1) > 0.4 else -x * log_one_plus(x - 1)


def logit(x, eps=None):
    x = x if eps is None else between(eps, x, 1 - mpf(eps))
    if x > mpf(3) / 4:
        return -logit(1 - x)
    return log(x) - log_one_plus(-x) if x < mpf(1) / 4 else 2 * mp.atanh(2 * x - 1)


def logit_slope(x, eps=None):
    clamped = eps is not None and not mpf(eps) <= x <= 1 - mpf(eps)
    return mpf(0) if clamped else 1 / x + 1 / (1 - x)


# Where the interval is not the whole line: outside it the op is nan or infinite by its stated limits, or (gelu, whose tanh
# form cubes x) it has long been 0 or x, and mpmath would only reduce arguments of a thousand bits.
FORMULAS = {
    "activations.relu": Formula(lambda x: max(x, mpf(0)), lambda x: inside(0, x, inf)),
    "activations.relu6": Formula(lambda x: between(0, x, 6), lambda x: inside(0, x, 6)),
    "activations.leaky_relu": Formula(leaky_relu, lambda x, negative_slope=0.01: mpf(1 if x > 0 else negative_slope)),
    "activations.hardtanh": Formula(hardtanh, lambda x, min_val=-1.0, max_val=1.0: inside(min_val, x, max_val)),
    "activations.hardsigmoid": Formula(lambda x: between(0, x / 6 + mpf(1) / 2, 1), lambda x: inside(-3, x, 3) / 6),
    "activations.hardswish": Formula(lambda x: x * between(0, x + 3, 6) / 6, hardswish_slope),
    "activations.threshold": Formula(
        lambda x, threshold, value: mpf(value) if x <= threshold else x,
        lambda x, threshold, value: inside(threshold, x, inf),
    ),
    "activations.hardshrink": Formula(lambda x, lambd=0.5: x * outside(x, lambd), outside),
    "activations.softshrink": Formula(softshrink, outside),
    "activations.elu": Formula(elu, elu_slope),
    "activations.celu": Formula(
        lambda x, alpha=1.0: elu(x / mpf(alpha)) * mpf(alpha), lambda x, alpha=1.0: elu_slope(x / mpf(alpha))
    ),
    "activations.selu": Formula(lambda x: SELU_SCALE * elu(x, SELU_ALPHA), lambda x: SELU_SCALE * elu_slope(x, SELU_ALPHA)),
    "activations.sigmoid": Formula(logistic, logistic_slope),
    "activations.logsigmoid": Formula(lambda x: -softplus_everywhere(-x), lambda x: logistic(-x)),
    "activations.tanh": Formula(tanh, tanh_slope),
    "activations.tanhshrink": Formula(tanhshrink, lambda x: tanh(x) ** 2),
    "activations.softsign": Formula(lambda x: 1 / (1 / x + sign(x)) if x else x, lambda x: 1 / (1 + abs(x)) ** 2),
    "activations.softplus": Formula(softplus, softplus_slope),
    "activations.silu": Formula(lambda x: x * logistic(x), silu_slope),
    "activations.mish": Formula(mish, mish_slope),
    "activations.gelu": Formula(gelu, gelu_slope, -1e30, 1e30),
    "augmentation.adjust_brightness": Formula(
        lambda x, factor: between(0, x * mpf(factor), 1),
        lambda x, factor: mpf(factor if 0 <= x * mpf(factor) <= 1 else 0),
    ),
    "special.sinc": Formula(sinc, sinc_slope),
    "special.expm1": Formula(exp_minus_one, lambda x: 1 / exp(-x)),
    "special.log1p": Formula(log1p, lambda x: 1 / (1 + x), -1 + 2**-53, LARGEST),
    "special.rsqrt": Formula(lambda x: exp(-log(x) / 2), lambda x: -exp(-3 * log(x) / 2) / 2, TINIEST, LARGEST),
    "special.erf": Formula(erf, erf_slope),
    "special.erfc": Formula(lambda x: 2 * upper(x * sqrt(2)), lambda x: -erf_slope(x)),
    "special.erfinv": Formula(erfinv, lambda x: 1 / erf_slope(erfinv(x)), -1 + 2**-53, 1 - 2**-53),
    "special.ndtr": Formula(lambda x: upper(-x), density),
    "special.log_ndtr": Formula(log_phi, log_phi_slope),
    "special.ndtri": Formula(quantile, lambda x: 1 / density(quantile(x)), TINIEST, 1 - 2**-53),
    "special.lgamma": Formula(lgamma, digamma),
    "special.digamma": Formula(digamma, trigamma),
    "special.entr": Formula(entr, lambda x: -log(x) - 1, TINIEST, LARGEST),
    "special.logit": Formula(logit, logit_slope, TINIEST, 1 - 2**-53),
}
