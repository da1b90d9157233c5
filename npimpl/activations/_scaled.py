"""What the smooth activations share: e^x times something, without the losses of writing exactly that."""

from __future__ import annotations

import numpy as np

__all__ = ["exp_times", "logistic", "nan_where_nan", "one_plus_squared", "product"]

_LN2_HEAD = float.fromhex("0x1.62e42feep-1")
"""log(2) cut to 32 bits, so that its multiples up to 2^13 are exact, and below what was cut off."""
_LN2_TAIL = float.fromhex("0x1.a39ef35793c76p-33")
_FAR = 600.0
_GONE = 2400.0
"""Beyond this e^x times any number is 0 or infinite."""
_TINY = 1e-260
_SPLITTER = 2.0**27 + 1.0


def exp_times(c, x, e=None, dy=None):
    r"""$c\,e^x$, or $dy\,c\,e^x$, where a partial product leaves the range although the result does not.

    `e` is `np.exp(x)` if known.  The plain product is fine up to |x| = 600, and with a cotangent, which comes last so that
    it cannot overflow early, if $c\,e^x$ is not tiny.  Otherwise a subnormal number has already lost digits that the
    other factors would bring back into range: see `_apart`.
    """
    e = np.exp(x) if e is None else e
    p = c * e
    far = np.abs(x) > _FAR if dy is None else ~(np.minimum(np.abs(p), e) >= _TINY)
    y = np.asarray(p if dy is None else dy * p)
    if far.any():
        far &= np.isfinite(x) & (c != 0)
        if dy is None:
            far &= (np.abs(x) < _GONE) | np.isinf(c)
        c, x, dy = (np.broadcast_to(v, far.shape)[far] for v in (c, x, 1.0 if dy is None else dy))
        y[far] = _apart(c, x, dy)
    return y


def _apart(c, x, dy):
    r"""$dy\,c\,e^x$ with all exponents apart: $x = n\log 2 + r$ with $|r| < 0.35$, $c = m\,2^i$ and $dy = w\,2^j$, so
    that $m\,w\,e^r\,2^{n+i+j}$ is rounded into the range once, by the final scaling.
    """
    s = np.clip(x, -4000.0, 4000.0)
    n = np.rint(s * (1.0 / np.log(2.0)))
    r = (s - n * _LN2_HEAD) - n * _LN2_TAIL
    (m, i), (w, j) = np.frexp(c), np.frexp(dy)
    return np.ldexp(m * np.exp(r) * w, n.astype(np.int32) + i + j)


def logistic(c, x):
    r"""$c\,\sigma(x) = c/(1 + e^{-x})$, for negative x in the form $c\,e^x/(1 + e^x)$ that keeps the left tail's digits."""
    t = np.exp(-np.abs(x))
    return np.where(x >= 0, c, exp_times(c, np.minimum(x, 0.0), t)) / (1.0 + t)


def nan_where_nan(dx, x):
    """`dx`, and nan where x is nan: a gradient chosen by comparisons would otherwise hide it."""
    return np.where(np.isnan(x), x, dx)


def one_plus_squared(t):
    """(1 + t)^2 as 1 + t (2 + t): for small t one rounding instead of the three of (1 + t)(1 + t)."""
    return 1.0 + t * (2.0 + t)


def product(a, b):
    """The rounded product p = a b and its rounding error, exactly: a b = p + e.

    Each factor is split into two halves of 26 bits (Veltkamp), whose four products are exact (Dekker, A floating-point
    technique for extending the available precision, Numer. Math. 18, 1971).  Where a half overflows, e is 0.
    """
    p = a * b
    ah, al = _halves(a)
    bh, bl = _halves(b)
    e = ((ah * bh - p) + ah * bl + al * bh) + al * bl
    return p, np.where(np.isfinite(e), e, 0.0)


def _halves(a):
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high
