"""Small pieces of error-free and overflow-free arithmetic on float64 arrays that several losses need."""

from __future__ import annotations

import numpy as np

from npimpl._compensated import two_sum

__all__ = [
    "accurate_sum",
    "balanced",
    "difference",
    "double_sum",
    "log_plus",
    "normalized",
    "passed_on",
    "product",
    "sigmoid",
    "softplus",
    "weighted",
    "weighted_difference",
]

FAR = 576
"""A homogeneous loss is repeated at 2^-576 of the size of its arguments where it overflows: no square of these does."""


def accurate_sum(*terms):
    """The sum of a few terms as if computed in twice the precision and rounded once.

    A hinge max(0, m - y (a - b)) has a gradient that jumps where its argument changes sign, so that sign must be right
    even when the terms cancel: 1 - (1 + 1e-30) is negative, not zero.
    """
    s, low = _cascade(terms)
    y = s + low
    return y if np.isfinite(y).all() else np.where(np.isfinite(y), y, s)


def double_sum(*terms):
    """The sum as y + e: its leading float64 and (to twice the precision) what rounding left over."""
    s, low = _cascade(terms)
    y = s + low
    finite = np.isfinite(y)
    return np.where(finite, y, s), np.where(finite, low - (y - s), 0.0)


def _cascade(terms):
    """The plain sum and the sum of its rounding errors (Ogita, Rump & Oishi, Accurate sum and dot product, algorithm 4.4)."""
    s, low = two_sum(*terms[:2])
    for term in terms[2:]:
        s, e = two_sum(s, term)
        low = low + e
    return s, low


def difference(c, a, b):
    """c (a - b), also where a - b alone would overflow."""
    d = a - b
    y = c * d
    if not np.isfinite(d).all():
        y = np.where(np.isinf(d) & np.isfinite(a) & np.isfinite(b), (2.0 * c) * (0.5 * a - 0.5 * b), y)
    return y


def balanced(*factors, exponent=0):
    """The product of the factors times 2^exponent, with no overflow or underflow before the product itself has one."""
    m, e = 1.0, exponent
    for f in factors:
        mantissa, power = np.frexp(f)
        m, e = m * mantissa, e + power
    return np.ldexp(m, e)


def weighted_difference(c, w, x, t, k=0):
    """2^-k c w (x - t) as a `balanced` product, also where x - t overflows."""
    d = x - t
    over = np.isinf(d) & np.isfinite(x) & np.isfinite(t)
    return balanced(c, w, np.where(over, 0.5 * x - 0.5 * t, d), exponent=over.astype(int) - k)


def weighted(w, loss, degree, *args):
    """w times a loss that is homogeneous of this degree in its arguments, also where the loss alone overflows.

    A weight of zero, or a tiny one, then leaves a finite product instead of 0 times infinity.
    """
    e = loss(*args)
    if np.isfinite(e).all():
        return w * e
    small = loss(*(np.ldexp(a, -FAR) for a in args))
    return np.where(np.isfinite(e), w * e, balanced(w, small, exponent=degree * FAR))


def normalized(w):
    """w / 2^k and k, such that the largest |w| / 2^k is between 1/2 and 1 (k = 0 if there is none, or it is 0, inf or nan)."""
    top = np.abs(w).max(initial=0.0)
    k = int(np.frexp(top)[1]) if 0 < top < np.inf else 0
    return np.ldexp(w, -k), k


def product(*factors):
    """The product of coefficients and, last, a value s, with 0 times infinity = 0: a zero coefficient removes the term.

    That is the limit of c s(x) as x goes to the point where s is infinite, for the fixed coefficient c = 0.
    More than one coefficient: a `balanced` product.
    """
    *c, s = factors
    y = c[0] * s if len(c) == 1 else balanced(*factors)
    if not np.isfinite(y).all():
        y = np.where(np.isinf(s) & np.logical_or.reduce(np.broadcast_arrays(*(a == 0 for a in c))), 0.0, y)
    return y


def passed_on(c, w, grad):
    """The gradient c w g, given as computed, where a weight of zero passes nothing on: not even from a g that is nan or inf."""
    if w is None or np.isfinite(grad).all():
        return grad
    return np.where((w == 0) & np.isfinite(c), 0.0, grad)


def softplus(z):
    """log(1 + e^z) = max(z, 0) + log1p(e^-|z|): two terms that cannot overflow and cannot cancel."""
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))


def sigmoid(z):
    """1 / (1 + e^-z), by e^-|z| so that both tails keep their relative accuracy."""
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1.0) / (1.0 + e)


def log_plus(x, eps: float):
    """log(x + eps) with the rounding error of x + eps put back, which matters where the sum is near one."""
    s, e = two_sum(x, np.float64(eps))
    return np.log(s) + np.where((s > 0) & np.isfinite(s), e / s, 0.0)
