"""Products and running products that neither overflow on the way nor divide.

Every number is carried as (hi, lo, e) for (hi + lo) 2^e: a mantissa hi in [1/2, 1), the rounding error lo it left behind,
and an integer exponent.  Multiplying mantissas cannot overflow, and the errors are kept, so the result is accurate to about
one rounding however many factors there are.  One binary tree of partial products answers every question: its root is the
product; walking down again gives the product of all *other* factors (for the gradient) or of all *earlier* ones.
"""

from __future__ import annotations

import numpy as np

from npimpl._axes import normalize_axis
from npimpl._precision import as_float, rounded, widen
from npimpl.reductions._rows import as_number, axes_of, cotangent, finish, one_axis

__all__ = ["cumprod", "cumprod_backward", "prod", "prod_backward"]

SPLITTER = 134217729.0
"""2^27 + 1: multiplying by it cuts a float64 into two halves of 26 bits whose products are exact (Veltkamp)."""


def _split(x: np.ndarray):
    """x as (hi, lo, e)."""
    m, e = np.frexp(x)
    return m, np.zeros_like(m), e.astype(np.int64)


def _normal(hi, lo, e):
    """hi + lo with hi the float nearest to the sum, its mantissa in [1/2, 1); infinities and nan lose their error term."""
    s = hi + lo
    lo = np.where(np.isfinite(s), lo - (s - hi), 0.0)
    m, k = np.frexp(np.where(np.isfinite(s), s, hi))
    return m, np.ldexp(lo, -k), e + k


def _times(a, b):
    """The product: hi_a hi_b is rounded, its error comes from the halves of both (Dekker's TwoProduct)."""
    (ah, al, ae), (bh, bl, be) = a, b
    p = ah * bh
    t = SPLITTER * ah
    a1 = t - (t - ah)
    t = SPLITTER * bh
    b1 = t - (t - bh)
    a2, b2 = ah - a1, bh - b1
    error = a2 * b2 - (((p - a1 * b1) - a2 * b1) - a1 * b2)
    return _normal(p, error + (ah * bl + al * bh), ae + be)


def _plus(a, b):
    """The sum: both are brought to the larger exponent, and TwoSum keeps what the addition rounds away."""
    (ah, al, ae), (bh, bl, be) = a, b
    e = np.maximum(np.where(ah == 0, be, ae), np.where(bh == 0, ae, be))  # a zero has no exponent to compare
    i, j = np.maximum(ae - e, -4000).astype(np.int32), np.maximum(be - e, -4000).astype(np.int32)
    ah, al, bh, bl = np.ldexp(ah, i), np.ldexp(al, i), np.ldexp(bh, j), np.ldexp(bl, j)
    s = ah + bh
    v = s - ah
    return _normal(s, ((ah - (s - v)) + (bh - v)) + (al + bl), e)


def _value(a) -> np.ndarray:
    """The float64 nearest to (hi + lo) 2^e: hi is already the nearest mantissa."""
    return np.ldexp(a[0], np.clip(a[2], -5000, 5000).astype(np.int32))


def _take(a, part):
    return tuple(v[part] for v in a)


def _weave(even, odd, n: int):
    """The first n of even[0], odd[0], even[1], odd[1], …"""
    return tuple(np.stack(pair, axis=1).reshape(-1, *pair[0].shape[1:])[:n] for pair in zip(even, odd, strict=True))


def _ones(shape):
    return _split(np.ones(shape))


def _tree(a):
    """The levels of the tree of products of neighbours: first the factors, last the product (odd levels end with a 1)."""
    levels = [a]
    while a[0].shape[0] > 1:
        if a[0].shape[0] % 2:
            one = _ones((1, *a[0].shape[1:]))
            a = levels[-1] = tuple(np.concatenate(pair) for pair in zip(a, one, strict=True))
        a = _times(_take(a, np.s_[0::2]), _take(a, np.s_[1::2]))
        levels.append(a)
    return levels


def _others(levels):
    """For each factor, the product of all the others: a child inherits its parent's others times its sibling."""
    others = _ones(levels[-1][0].shape)
    for level in reversed(levels[:-1]):
        left, right = _take(level, np.s_[0::2]), _take(level, np.s_[1::2])
        others = _take(others, np.s_[: left[0].shape[0]])
        others = _weave(_times(others, right), _times(others, left), level[0].shape[0])
    return others


def _earlier(levels):
    """For each factor, the product of all before it: a right child's earlier ones are its parent's times its left sibling."""
    earlier = _ones(levels[-1][0].shape)
    for level in reversed(levels[:-1]):
        left = _take(level, np.s_[0::2])
        earlier = _take(earlier, np.s_[: left[0].shape[0]])
        earlier = _weave(earlier, _times(earlier, left), level[0].shape[0])
    return earlier


def _rows_first(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """(n, rest): the axes of the product in front, as one; at least one factor (1) even where there is none."""
    rest = tuple(m for i, m in enumerate(x.shape) if i not in axes)
    rows = np.moveaxis(x, axes, range(len(axes)))
    n = int(np.prod(rows.shape[: len(axes)], dtype=np.int64))
    return rows.reshape(n, *rest) if n else np.ones((1, *rest))


@np.errstate(all="ignore")
def prod(x, axis=None, keepdims=False):
    r"""The product of the entries over one, several or all axes.

    .. math:: y = \prod_{i=1}^{n} x_i

    Multiplying in order overflows at 1e300 * 1e300 although [1e300, 1e300, 1e-300, 1e-300] has the product 1.  Mantissas and
    exponents are multiplied and added apart, so only the result can overflow; with the rounding errors kept, its relative error
    is about one u instead of (n - 1) u.

    x: any shape; y: that shape without `axis` (length 1 if `keepdims`); dtype of x (integers and booleans: int64, as in
    PyTorch).  An empty product is 1; inf * 0 is nan.

    Raises AxisError (a ValueError) for an axis that does not exist.

    Source: Ogita, Rump and Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005), algorithm 3.3 (TwoProduct).

    >>> prod([1e300, 1e300, 1e-300, 1e-300]).round(9).item()
    1.0
    """
    x = as_number(x)
    axes = axes_of(x, axis)
    if x.dtype.kind in "iub":
        return np.asarray(np.multiply.reduce(x, axis=axes, dtype=np.int64, keepdims=keepdims))
    (w,), dtype = widen(x)
    return finish(_value(_tree(_split(_rows_first(w, axes)))[-1]), x, axes, keepdims, dtype)


@np.errstate(all="ignore")
def prod_backward(grad_output, x, axis=None, keepdims=False):
    r"""The gradient of `prod`.

    Element derivative: dy/dx_i = prod_{j != i} x_j, hence dx_i = dy prod_{j != i} x_j.  Writing it y / x_i fails at a zero and
    when y has over- or underflowed.  Walking down the tree of products needs neither a division nor more than 2 n products.

    >>> prod_backward(np.array(1.0), np.array([2.0, 0.0, 5.0]))
    (array([ 0., 10.,  0.]),)
    """
    x = as_float(x)
    axes = axes_of(x, axis)
    dy = cotangent(grad_output, x, axes, keepdims)
    if x.size == 0:
        return (np.zeros_like(x),)
    rows = _rows_first(x.astype(np.float64, copy=False), axes)
    g = _split(np.broadcast_to(_rows_first(dy, axes), rows.shape))
    others = _take(_others(_tree(_split(rows))), np.s_[: rows.shape[0]])
    dx = _value(_times(others, g))
    front = tuple(x.shape[a] for a in axes)
    dx = np.moveaxis(dx.reshape((*front, *dx.shape[1:])), range(len(axes)), axes)
    return (rounded(dx, x.dtype),)


@np.errstate(all="ignore")
def cumprod(x, axis):
    r"""The running products along one axis.

    .. math:: y_k = \prod_{i \le k} x_i

    A running product may pass through 1e600 and come back; in floats it never returns from inf.  Each prefix is taken from the
    tree of products with mantissa, error and exponent apart (see `prod`), so each y_k carries about one rounding.

    x: any shape; y: the same shape; dtype of x (integers and booleans: int64, as in PyTorch).  A zero makes all that follow
    zero, unless an infinity follows: inf * 0 is nan.

    Raises AxisError (a ValueError) for an axis that does not exist, TypeError if `axis` is not an integer.

    Source: Blelloch, Prefix sums and their applications, CMU-CS-90-190 (1990), section 1.2 (up-sweep and down-sweep).

    >>> cumprod([2.0, 1e308, 1e-308], axis=0).round(9).tolist()
    [2.0, inf, 2.0]
    """
    x = as_number(x)
    axis = one_axis(x, axis, "cumprod")
    if x.dtype.kind in "iub":
        return x.astype(np.int64) if x.ndim == 0 else np.multiply.accumulate(x, axis=axis, dtype=np.int64)
    if x.size == 0:
        return x.copy()
    (w,), dtype = widen(x)
    a = _split(_rows_first(np.atleast_1d(w), (axis,)))
    y = _value(_times(_take(_earlier(_tree(a)), np.s_[: a[0].shape[0]]), a))
    return rounded(np.moveaxis(y, 0, axis), dtype).reshape(x.shape)


@np.errstate(all="ignore")
def cumprod_backward(grad_output, x, axis):
    r"""The gradient of `cumprod`.

    Element derivative: dy_k/dx_i = prod_{j <= k, j != i} x_j for k >= i, else 0.  Splitting the product at i gives
    dx_i = (prod_{j < i} x_j) s_i with s_i = sum_{k >= i} dy_k prod_{i < j <= k} x_j, and s obeys Horner's recurrence
    s_i = dy_i + x_{i+1} s_{i+1}: no division, so zeros need no special case.  The products before i and the s_i
    both carry exponents of their own, since one may be 1e400 where the other is 1e-400.

    >>> cumprod_backward(np.array([1.0, 1.0, 1.0]), np.array([2.0, 0.0, 5.0]), axis=0)
    (array([ 1., 12.,  0.]),)
    """
    x = as_float(x)
    axis = one_axis(x, axis, "cumprod_backward")
    dy = cotangent(grad_output, x, (), False)
    if x.size == 0:
        return (np.zeros_like(x),)
    axis = normalize_axis(axis, max(x.ndim, 1))[0]
    a = _split(_rows_first(np.atleast_1d(x.astype(np.float64, copy=False)), (axis,)))
    g = _split(_rows_first(np.atleast_1d(dy), (axis,)))
    n = a[0].shape[0]
    s = [_take(g, n - 1)]
    for i in range(n - 2, -1, -1):
        s.append(_plus(_take(g, i), _times(_take(a, i + 1), s[-1])))
    stacked = tuple(np.stack([step[part] for step in reversed(s)]) for part in range(3))
    dx = _value(_times(_take(_earlier(_tree(a)), np.s_[:n]), stacked))
    return (rounded(np.moveaxis(dx, 0, axis), x.dtype).reshape(x.shape),)
