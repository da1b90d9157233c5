"""Vector norms of every order, at every scale."""

from __future__ import annotations

import numpy as np

from npimpl._precision import as_float, rounded, widen
from npimpl.reductions._rows import axes_of, cotangent, exponent_of_rows, finish, length, refuse_empty, total
from npimpl.reductions.extremes import share_of_ties

__all__ = ["norm", "norm_backward"]

EXACT_POWERS = {
    2.0: (np.square, np.sqrt, 250),
    3.0: (lambda a: a * a * a, np.cbrt, 160),
    0.5: (np.sqrt, np.square, 500),
}
"""p: (a -> a^p, its inverse, the exponent up to which neither the powers nor their sum leave the normal range)."""


def _power_norm(a: np.ndarray, p: float, axes: tuple[int, ...]):
    """s and e with s 2^e = (sum a^p)^(1/p): each row is scaled by a power of two that brings its dominant entry to order one.

    The largest entry dominates for p > 0, the smallest for p < 0.  The orders 2, 3 and 1/2 have power and root without `pow`,
    and are scaled only where it is needed; for any other order the sum must be of order one, because the rounded exponent
    1/p multiplies its logarithm.
    """
    power, root, limit = EXACT_POWERS.get(p, (lambda a: a**p, lambda s: s ** (1 / p), 0))
    peak = a.max(axes, keepdims=True, initial=0.0) if p > 0 else a.min(axes, keepdims=True)
    e = exponent_of_rows(peak, limit)
    a = np.ldexp(a, -e) if e.any() else a
    return root(total(power(a), axes)), e


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
    a = np.abs(w)
    if p == 0:
        y = np.count_nonzero(a, axis=axes, keepdims=True)
    elif np.isinf(p):
        y = (np.max if p > 0 else np.min)(a, axis=axes, keepdims=True)
    elif p == 1:
        y = total(a, axes)
    else:
        y = np.ldexp(*_power_norm(a, p, axes))
    return finish(y, w, axes, keepdims, dtype)


@np.errstate(all="ignore")
def norm_backward(grad_output, x, ord=2, axis=None, keepdims=False):
    r"""The gradient of `norm`.

    Element derivative: raising y^p = sum |x_i|^p to its differential, p y^(p-1) dy = sum p |x_i|^(p-1) sign(x_i) dx_i, so
    dy/dx_i = sign(x_i) (|x_i| / y)^(p-1): for p = 2 the unit vector x / y, for p = 1 the signs, for p = ±inf the sign at the
    extreme entry (m tied ones get 1/m each), for p = 0 nothing.  Hence dx_i is that times dy.

    The ratio |x_i| / y is formed from mantissas and exponents, so it neither underflows nor overflows before it is raised to
    p - 1.  At x_i = 0, where the norm may have a corner (p <= 1) or a pole (p < 1), the gradient is 0, as in PyTorch;
    in particular it is 0 at the zero vector.  Where y is nan the row's gradient is (for p = 1 only that of the nan entries).

    >>> norm_backward(np.array(10.0), np.array([3e200, -4e200]))
    (array([ 6., -8.]),)
    """
    p = _order(ord)
    (w,), dtype = widen(as_float(x))
    axes = axes_of(w, axis)
    dy = cotangent(grad_output, w, axes, keepdims)
    if p == 0 or w.size == 0:
        return (np.zeros(w.shape, dtype),)
    a = np.abs(w)
    if np.isinf(p):
        dx = share_of_ties(dy, a == (np.max if p > 0 else np.min)(a, axis=axes, keepdims=True), axes) * np.sign(w)
    elif p == 1:
        dx = dy * np.sign(w)
    else:
        dx = dy * np.copysign(_ratio_to_the(p - 1, a, *_power_norm(a, p, axes)), w)
    return (rounded(dx, dtype),)


def _ratio_to_the(t: float, a: np.ndarray, s: np.ndarray, e: np.ndarray) -> np.ndarray:
    """(a / (s 2^e))^t, and 0 where a is 0 (nan where s is).

    The power of two in the ratio is raised apart: its whole part is put back exactly, the rest is at most 1/2.
    """
    m, k = np.frexp(a)
    exponent = (k - e) * t
    whole = np.rint(exponent)
    r = m / s if t == 1 else (m / s) ** t * np.exp2(exponent - whole)
    return np.where((a == 0) & ~np.isnan(s), 0.0, np.ldexp(r, np.clip(whole, -5000, 5000).astype(np.int32)))
