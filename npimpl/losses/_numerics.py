"""Small pieces of error-free and overflow-free arithmetic on float64 arrays that several losses need."""

from __future__ import annotations

import numpy as np

__all__ = ["accurate_sum", "difference", "log_plus", "product", "sigmoid", "softplus"]


def _two_sum(a, b):
    """s = fl(a + b) and e with s + e = a + b exactly (Knuth, The Art of Computer Programming 2, section 4.2.2)."""
    s = a + b
    z = s - a
    return s, (a - (s - z)) + (b - z)


def accurate_sum(*terms):
    """The sum of a few terms as if computed in twice the precision and rounded once.

    A hinge max(0, m - y (a - b)) has a gradient that jumps where its argument changes sign, so that sign must be right
    even when the terms cancel: 1 - (1 + 1e-30) is negative, not zero.
    """
    s, low = np.asarray(terms[0], np.float64), 0.0
    for term in terms[1:]:
        s, e = _two_sum(s, term)
        low = low + e
    y = s + low
    return np.where(np.isfinite(y), y, s)


def difference(c, a, b):
    """c (a - b), also where a - b alone would overflow."""
    d = a - b
    y = c * d
    if not np.isfinite(d).all():
        y = np.where(np.isinf(d) & np.isfinite(a) & np.isfinite(b), (2.0 * c) * (0.5 * a - 0.5 * b), y)
    return y


def product(c, s):
    """c s with 0 times infinity = 0: a term whose coefficient is exactly zero is not there.

    That is the limit of c s(x) as x goes to the point where s is infinite, for the fixed coefficient c = 0.
    """
    y = c * s
    if not np.isfinite(y).all():
        y = np.where((c == 0) & np.isinf(s), 0.0, y)
    return y


def softplus(z):
    """log(1 + e^z) = max(z, 0) + log1p(e^-|z|): two terms that cannot overflow and cannot cancel."""
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))


def sigmoid(z):
    """1 / (1 + e^-z), by e^-|z| so that both tails keep their relative accuracy."""
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1.0) / (1.0 + e)


def log_plus(x, eps: float):
    """log(x + eps) with the rounding error of x + eps put back, which matters where the sum is near one."""
    s, e = _two_sum(x, np.float64(eps))
    return np.log(s) + np.where((s > 0) & np.isfinite(s), e / s, 0.0)
