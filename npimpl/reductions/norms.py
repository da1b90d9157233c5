"""Vector norms of every order, at every scale."""

from __future__ import annotations

import numpy as np

from npimpl._precision import as_float, rounded, widen
from npimpl.reductions._rows import axes_of, cotangent, exponent_of_rows, finish, largest_magnitude, length, refuse_empty, total
from npimpl.reductions._wide import Wide, cbrt, extreme, power, sign, sqrt, value, where
from npimpl.reductions.extremes import share_of_ties

__all__ = ["norm", "norm_backward", "power_norm", "power_slope"]

EXACT_POWERS = {
    2.0: (lambda a: a * a, sqrt, 250),
    3.0: (lambda a: a * a * a, cbrt, 160),
    0.5: (sqrt, lambda s: s * s, 500),
}
"""p: (a -> a^p, its inverse, the exponent up to which neither the powers nor their sum leave the normal range)."""
EXACT_SLOPES = {2.0: lambda r: r * r, 0.5: sqrt, -0.5: lambda r: 1 / sqrt(r)}
"""t: r -> r^t, without `pow`."""


def power_norm(x, p: float, axes: tuple[int, ...]):
    """(sum |x|^p)^(1/p) over `axes` (kept): each row is scaled by a power of two that brings its dominant entry
    to order one.

    The largest entry dominates for p > 0, the smallest for p < 0.  The orders 2, 3 and 1/2 have power and root without `pow`,
    and are scaled only where it is needed; for any other order the sum must be of order one, because the rounded exponent
    1/p multiplies its logarithm.
    """
    a = x if p == 2 else abs(x)  # squares need no temporary for the magnitudes
    if isinstance(a, Wide):
        return _wide_norm(a, p, axes)
    raised, root, limit = EXACT_POWERS.get(p, (lambda a: a**p, lambda s: s ** (1 / p), 0))
    peak = largest_magnitude(x, axes) if p > 0 else a.min(axes, keepdims=True)
    e = exponent_of_rows(peak, limit)
    a = np.ldexp(a, -e) if e.any() else a
    return np.ldexp(root(total(raised(a), axes)), e)


def _wide_norm(a: Wide, p: float, axes: tuple[int, ...]) -> Wide:
    if p in EXACT_POWERS:
        raised, root, _ = EXACT_POWERS[p]
        return root(total(raised(a), axes))
    e = a.exponents(axes) if p > 0 else a.e.min(axes, keepdims=True)
    s = total(power(Wide(a.m, a.e - e), p), axes)
    return Wide(value(s) ** (1 / p), e)


def power_slope(x, n, p: float):
    """dn/dx_i = sign(x_i) (|x_i| / n)^(p-1) for the norm n of the rows x; 0 where x_i is 0 (nan where n is)."""
    if p == 2:
        return x / where(value(n) == 0, 1.0, n)
    a = abs(x)
    r = EXACT_SLOPES.get(p - 1, lambda r: power(r, p - 1))(a / n)
    return where((value(a) == 0) & ~np.isnan(value(n)), 0.0, r * sign(x))


def _order(ord) -> float:
    if isinstance(ord, (str, bytes)) or ord is None or np.ndim(ord) or np.isnan(ord):
        raise ValueError(f"ord is {ord!r}, but a vector norm has a number as its order (2, 1, 0, 3.5, inf, -inf, …).")
    return float(ord)


@np.errstate(all="ignore")
def norm(x, ord=2, axis=None, keepdims=False):
    r"""The p-norm of the entries over one, several or all axes, seen as one vector.

    .. math:: y = \Bigl( \sum_{i=1}^{n} |x_i|^p \Bigr)^{1/p}, \quad p = \infty: \max |x_i|, \quad p = -\infty: \min |x_i|,
              \quad p = 0: \#\{ i : x_i \ne 0 \}

    Squares of 1e200 overflow and those of 1e-200 vanish, though the norm is representable.  Each row is scaled by a power of
    two (exactly) so that its dominant entry is near one, and scaled back after the root: the error is a few u relative to y.

    x: any shape; y: that shape without `axis` (length 1 if `keepdims`); dtype of x (integers: float64).  For p = 0 a nan counts
    as an entry that is not zero; otherwise nan propagates.  The norm of nothing is 0.  Several axes are one vector: two of them
    give the Frobenius norm for p = 2, never the spectral one.

    Raises ValueError for an order that is not a number, or for p < 0 or p = inf of no entries; AxisError for a missing axis.

    Source: Blue, A portable Fortran program to find the Euclidean norm of a vector, ACM TOMS 4 (1978).

    >>> f"{norm([3e200, 4e200]):.3e}", norm([1.0, -2.0, 0.0], ord=1).item()
    ('5.000e+200', 3.0)
    """
    p = _order(ord)
    (w,), dtype = widen(as_float(x))
    axes = axes_of(w, axis)
    if p < 0 or p == np.inf:
        refuse_empty(f"norm of order {p}", length(w, axes), w.shape)
    if p == 0:
        y = np.count_nonzero(w, axis=axes, keepdims=True)
    elif np.isinf(p):
        y = (np.max if p > 0 else np.min)(np.abs(w), axis=axes, keepdims=True)
    elif p == 1:
        y = total(np.abs(w), axes)
    else:
        y = power_norm(w, p, axes)
    return finish(y, w, axes, keepdims, dtype)


@np.errstate(all="ignore")
def norm_backward(grad_output, x, ord=2, axis=None, keepdims=False):
    r"""The gradient of `norm`.

    Element derivative: raising y^p = sum |x_i|^p to its differential, p y^(p-1) dy = sum p |x_i|^(p-1) sign(x_i) dx_i, so
    dy/dx_i = sign(x_i) (|x_i| / y)^(p-1): for p = 2 the unit vector x / y, for p = 1 the signs, for p = ±inf the sign at the
    extreme entry (m tied ones get 1/m each), for p = 0 nothing.  Hence dx_i is that times dy.

    Where numbers are extreme, they get exponents of their own: then neither y nor the ratio |x_i| / y nor its power over- or
    underflows before it is multiplied by dy.  At x_i = 0, where the norm may have a corner (p <= 1) or a pole (p < 1), the
    gradient is 0, as in PyTorch; in particular it is 0 at the zero vector.  Where y is nan the row's gradient is (for p = 1
    only that of the nan entries).

    >>> norm_backward(np.array(10.0), np.array([3e200, -4e200]))
    (array([ 6., -8.]),)
    """
    p = _order(ord)
    (w,), dtype = widen(as_float(x))
    axes = axes_of(w, axis)
    dy = cotangent(grad_output, w, axes, keepdims)
    if p == 0 or w.size == 0:
        return (np.zeros(w.shape, dtype),)
    if np.isinf(p):
        a = np.abs(w)
        dx = share_of_ties(dy, a == (np.max if p > 0 else np.min)(a, axis=axes, keepdims=True), axes) * np.sign(w)
    elif p == 1:
        dx = dy * np.sign(w)
    else:
        w, dy = (Wide(w), Wide(dy)) if extreme(x, grad_output) else (w, dy)
        dx = dy * power_slope(w, power_norm(w, p, axes), p)
    return (rounded(value(dx), dtype),)
