r"""Functions of logarithms and of numbers kept as logarithms: sums of exponentials, x log y, entropy, logit."""

from __future__ import annotations

import numpy as np

from npimpl._axes import broadcast_shape, normalize_axis, sum_to_shape
from npimpl._elementwise import elementwise
from npimpl._precision import as_float, rounded, widen
from npimpl._regimes import SMALLEST, either, regimes
from npimpl.special._log_rows import as_rows, decayed, from_rows, kept_shape, maximum_and_rest, one_axis, running_pairs
from npimpl.special._scaling import ratio_product, times_exp

__all__ = [
    "entr",
    "entr_backward",
    "logaddexp",
    "logaddexp_backward",
    "logcumsumexp",
    "logcumsumexp_backward",
    "logit",
    "logit_backward",
    "logsumexp",
    "logsumexp_backward",
    "xlog1py",
    "xlog1py_backward",
    "xlogy",
    "xlogy_backward",
]


@np.errstate(all="ignore")
def logsumexp(x, axis=-1, keepdims=False):
    """The logarithm of a sum of exponentials along `axis` (an integer, a tuple, or None for all axes).

    y = log sum_i exp(x_i) = m + log(1 + s),  m = x_k = max_i x_i,  s = sum_{i != k} exp(x_i - m)

    Without the shift by m the exponentials overflow from 710 on (89 in float32).  The maximum's own exponential, which
    is 1, is left out of s and put back by `log1p`: in log(1 + s) a small s would be rounded to a multiple of u, and
    log(exp(0) + exp(-40)) = 4e-18 would be 0.  All terms of s are positive: nothing cancels before the last addition.

    x: (..., n, ...).  Returns x's shape without `axis` (with 1 there if `keepdims`), of the dtype of x.
    Special values: a row of -inf, and an empty one, gives -inf; a row with +inf gives +inf; nan gives nan.
    Raises AxisError or ValueError for a bad `axis`, TypeError if x is not numeric.
    Source: Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions, IMA J. Numer.
    Anal. 41(4), 2021.

    >>> logsumexp(np.array([[0.0, -40.0], [1000.0, 1000.0]])).round(20).tolist()
    [4.25e-18, 1000.6931471805599]
    """
    (x,), dtype = widen(x)
    axes = normalize_axis(axis, x.ndim)
    rows = as_rows(x, axes)
    m, s = maximum_and_rest(rows)
    y = np.where(np.isinf(m), m, m + np.log1p(s))
    return rounded(y, dtype).reshape(kept_shape(x.shape, axes) if keepdims else rows.shape[:-1])


@np.errstate(all="ignore")
def logsumexp_backward(grad_output, x, axis=-1, keepdims=False):
    """The gradient of `logsumexp`.

    dy/dx_i = exp(x_i) / sum_k exp(x_k) = exp(x_i - m) / (1 + s) = p_i, the softmax; dx_i = dy p_i.

    p is formed from the exact differences x_i - m: exp(x_i - y) would carry the rounding error of y, u |y|, into the
    exponent, which at x = 1e8 spoils half of the digits.

    grad_output: the shape of the forward's result; x: (..., n, ...).  Returns (dx,).
    Special values: a row of -inf has gradient 0 by convention (no entry contributes); a single +inf takes all of dy
    (the limit); two of them have no limit and get nan, the entries beside them 0.  nan makes its row nan.
    Raises AxisError or ValueError for a bad `axis`, TypeError if an array is not numeric.

    >>> logsumexp_backward(np.array(3.0), np.array([1e4, 1e4, 1e4]))[0].tolist()
    [1.0, 1.0, 1.0]
    """
    (dy, x), dtype = widen(grad_output, x, names=("grad_output", "x"))
    axes = normalize_axis(axis, x.ndim)
    rows = as_rows(x, axes)
    m, s = maximum_and_rest(rows)
    dy, m = dy.reshape(m.shape)[..., None], m[..., None]
    dx = times_exp(dy / (1.0 + s[..., None]), rows - m)
    if np.isinf(m).any():
        lone = np.count_nonzero(rows == np.inf, axis=-1, keepdims=True) == 1
        p = np.where(rows == np.inf, np.where(lone, 1.0, np.nan), 0.0)
        dx = np.where(np.isinf(m), dy * p, dx)
    return (rounded(from_rows(dx, x.shape, axes), dtype),)


@elementwise("x", "other")
def logaddexp(x, other):
    """The logarithm of the sum of two exponentials.

    y = log(exp(x) + exp(other)) = m + log(1 + exp(-d)),  m = max(x, other),  d = |x - other|

    The shift prevents overflow, `log1p` keeps a small exp(-d).  The rounding error of d, up to u d, would be a
    relative error of exp(-d); it is known exactly (two-sum) and taken out.

    x, other: shapes that broadcast.  Returns the broadcast shape, of their dtype.
    Special values: -inf is the neutral element; (-inf, -inf) gives -inf; +inf gives +inf; nan gives nan.
    Raises TypeError if an array is not numeric, ValueError if the shapes do not broadcast.

    >>> logaddexp(np.array([0.0, 1000.0]), np.array([-40.0, 1000.0])).round(20).tolist()
    [4.25e-18, 1000.6931471805599]
    """
    d, lost = _exact_distance(x, other)
    e = np.exp(-d)
    return np.maximum(x, other) + np.log1p(e - e * lost)


@np.errstate(all="ignore")
def logaddexp_backward(grad_output, x, other):
    """The gradient of `logaddexp`.

    dy/dx = exp(x) / (exp(x) + exp(other)): with e = exp(-|x - other|) it is 1 / (1 + e) for the larger of the two and
    e / (1 + e) for the smaller.  dx = dy dy/dx, summed over the axes along which x was broadcast; the same for `other`.

    1 / (1 + exp(other - x)) is the same number, but overflows to 0 where e / (1 + e) is still representable.

    grad_output: the broadcast shape.  Returns (dx, dother).
    Special values: two -inf have gradient 0 by convention, two +inf have no limit: nan.
    Raises TypeError if an array is not numeric, ValueError if the shapes do not broadcast.

    >>> [g.tolist() for g in logaddexp_backward(np.array([2.0]), np.array([5.0]), np.array([5.0]))]
    [[1.0], [1.0]]
    """

    def gradient(dy, x, other):
        d, lost = _exact_distance(x, other)
        e = np.exp(-d)
        large = dy / (1.0 + e)
        small = times_exp(large, -d)
        small -= small * lost
        equal = np.isinf(x) & (x == other)
        large = np.where(equal, np.where(x > 0.0, np.nan, 0.0 * dy), large)
        return np.where(equal | (x > other), large, small), np.where(equal | (x <= other), large, small)

    return _binary_backward(gradient, grad_output, x, other)


@np.errstate(all="ignore")
def logcumsumexp(x, axis=-1):
    """The logarithm of the running sum of exponentials along one axis.

    y_j = log sum_{i <= j} exp(x_i) = m_j + log(1 + s_j),  m_j = max_{i <= j} x_i

    Every block of entries is kept as a pair (m, s): its maximum, and the sum of exp(x_i - m) over the others.  Two
    neighbouring blocks (m, s) and (M, S) with m <= M join to (M, S + (1 + s) exp(m - M)).  Joining is associative, so
    that blocks of length 1, 2, 4, ... give all n prefixes in log2(n) passes, with an error that grows like log2(n);
    adding one entry after the other gives an error that grows like n.  As in `logsumexp`, `log1p` keeps small sums.

    x: (..., n, ...).  Returns the shape and dtype of x.
    Special values: -inf until the first finite entry, +inf from the first +inf on, nan from the first nan on.
    Raises AxisError for a bad `axis`, TypeError if x is not numeric.
    Source: Hillis & Steele, Data parallel algorithms, Comm. ACM 29(12), 1986 (the order of joining).

    >>> logcumsumexp(np.array([-1000.0, -1000.0, 0.0])).tolist()
    [-1000.0, -999.3068528194401, 0.0]
    """
    (x,), dtype = widen(x)
    axes = one_axis(axis, x.ndim)
    m, s = running_pairs(as_rows(x, axes))
    y = np.where(np.isinf(m), m, m + np.log1p(s))
    return rounded(from_rows(y, x.shape, axes), dtype)


@np.errstate(all="ignore")
def logcumsumexp_backward(grad_output, x, axis=-1):
    """The gradient of `logcumsumexp`.

    dy_j/dx_i = exp(x_i - y_j) for i <= j, else 0, so dx_i = sum_{j >= i} dy_j exp(x_i - y_j).

    With the pairs of the forward and w_j = dy_j / (1 + s_j), dx_i = exp(x_i - m_i) r_i, where
    r_i = sum_{j >= i} w_j exp(m_i - m_j).  The running maximum never falls, hence no exponent is positive and nothing
    overflows, and the differences are those of inputs, not of rounded outputs.  r is summed by blocks that double.

    grad_output, x: (..., n, ...).  Returns (dx,).
    Special values: outputs of -inf pass nothing on (convention); +inf takes all of dy_j while it is the only one among
    x_0 ... x_j (the limit), with two of them both get nan.  A nan makes its whole row nan.
    Raises AxisError for a bad `axis`, TypeError if an array is not numeric.

    >>> logcumsumexp_backward(np.array([1.0, 2.0]), np.array([7.0, 7.0]))[0].tolist()
    [2.0, 1.0]
    """
    (dy, x), dtype = widen(grad_output, x, names=("grad_output", "x"))
    axes = one_axis(axis, x.ndim)
    rows = as_rows(x, axes)
    n = rows.shape[-1]
    m, s = running_pairs(rows)
    r = as_rows(dy.reshape(x.shape), axes) / (1.0 + s)
    r[m == -np.inf] = 0.0
    r[np.cumsum(rows == np.inf, axis=-1) > 1] = np.nan
    step = 1
    while step < n:
        r[..., :-step] += decayed(r[..., step:], m[..., :-step], m[..., step:])
        step *= 2
    dx = decayed(r, rows, m)
    dx[np.isnan(rows).any(axis=-1)] = np.nan
    return (rounded(from_rows(dx, x.shape, axes), dtype),)


@elementwise("x", "other")
def xlogy(x, other):
    """x times the logarithm of y, zero where x is zero.

    z = x log(y),  and 0 for x = 0, whatever y is (the limit of x log x at 0)

    The convention is what entropies need: an event of probability 0 adds nothing, although its logarithm is -inf.

    x, other: shapes that broadcast.  Returns the broadcast shape, of their dtype.
    Special values: xlogy(0, y) = 0 also for y = 0, inf and y < 0; nan for y < 0 otherwise; nan gives nan.
    Raises TypeError if an array is not numeric, ValueError if the shapes do not broadcast.

    >>> xlogy(np.array([0.0, 2.0]), np.array([0.0, 1.0])).tolist()
    [0.0, 0.0]
    """
    return np.where((x == 0.0) & ~np.isnan(other), 0.0, x * np.log(other))


@np.errstate(all="ignore")
def xlogy_backward(grad_output, x, other):
    """The gradient of `xlogy`.

    dz/dx = log(y), dz/dy = x / y; dx = dz log(y), dy = dz x / y, summed over the axes that were broadcast.

    dz x / y is formed so that neither the product nor the quotient alone overflows.

    grad_output: the broadcast shape.  Returns (dx, dother).
    Special values: where x = 0, dx is 0 for y <= 0 (convention), and dother is 0 for every y, since the function of y
    is the constant 0 there.
    Raises TypeError if an array is not numeric, ValueError if the shapes do not broadcast.

    >>> [g.tolist() for g in xlogy_backward(np.array([1.0, 1.0]), np.array([0.0, 3.0]), np.array([0.0, 1.0]))]
    [[0.0, 0.0], [0.0, 3.0]]
    """

    def gradient(dz, x, y):
        dx = np.where((x == 0.0) & (y <= 0.0), 0.0, dz * np.log(y))
        return dx, np.where((x == 0.0) & ~np.isnan(y), 0.0, ratio_product(dz, x, y + 0.0))  # -0 counts as 0

    return _binary_backward(gradient, grad_output, x, other)


@elementwise("x", "other")
def xlog1py(x, other):
    """x times the logarithm of one plus y, zero where x is zero.

    z = x log(1 + y),  and 0 for x = 0, whatever y is

    `log1p` keeps what the sum 1 + y would round off; see `xlogy` for the convention at x = 0.

    x, other: shapes that broadcast.  Returns the broadcast shape, of their dtype.
    Special values: xlog1py(0, y) = 0 also for y <= -1 and inf; nan for y < -1 otherwise; nan gives nan.
    Raises TypeError if an array is not numeric, ValueError if the shapes do not broadcast.

    >>> xlog1py(np.array([0.0, 2.0]), np.array([-1.0, 1e-20])).tolist()
    [0.0, 2e-20]
    """
    return np.where((x == 0.0) & ~np.isnan(other), 0.0, x * np.log1p(other))


@np.errstate(all="ignore")
def xlog1py_backward(grad_output, x, other):
    """The gradient of `xlog1py`.

    dz/dx = log(1 + y), dz/dy = x / (1 + y); dx = dz log(1 + y), dy = dz x / (1 + y), summed over broadcast axes.

    grad_output: the broadcast shape.  Returns (dx, dother).
    Special values: where x = 0, dx is 0 for y <= -1 (convention), and dother is 0 for every y.
    Raises TypeError if an array is not numeric, ValueError if the shapes do not broadcast.

    >>> [g.tolist() for g in xlog1py_backward(np.array([1.0]), np.array([3.0]), np.array([1e-30]))]
    [[1e-30], [3.0]]
    """

    def gradient(dz, x, y):
        dx = np.where((x == 0.0) & (y <= -1.0), 0.0, dz * np.log1p(y))
        return dx, np.where((x == 0.0) & ~np.isnan(y), 0.0, ratio_product(dz, x, 1.0 + y))

    return _binary_backward(gradient, grad_output, x, other)


@elementwise("x")
@regimes((-np.inf, -SMALLEST, -np.inf), (SMALLEST, np.inf, lambda x: -x * np.log(x)))
def entr(x):
    """The entropy of one probability, in nats.

    y = -x log(x) for x > 0,  y(0) = 0 (the limit),  y = -inf for x < 0

    The product is as accurate as the logarithm, also beside x = 1, where it is small: no form of log cancels there.

    x: any shape.  Returns the shape and dtype of x.
    Special values: entr(+-0) = 0, entr(inf) = -inf, -inf for every x < 0 (the concave extension), nan gives nan.
    Raises TypeError if x is not numeric.

    >>> entr(np.array([0.0, 1.0, 0.5, -1.0])).round(12).tolist()
    [0.0, -0.0, 0.34657359028, -inf]
    """
    return np.where(x < 0.0, -np.inf, np.where(x == 0.0, 0.0, -x * np.log(x)))


@elementwise("grad_output", "x")
def entr_backward(grad_output, x):
    """The gradient of `entr`.

    dy/dx = -(1 + log x), so dx = -dy (1 + log x).

    At x = 1/e the sum is 0 and cancels all digits before it.  There 1 + log x = log(1 + e (x - 1/e)), and x - 1/e is
    formed with 1/e as the sum of two doubles: the subtraction of the first is exact (Sterbenz) for x within a factor
    two, and the second makes up for the rounding of 1/e.

    grad_output, x: any shape, the same.  Returns (dx,).
    Special values: an infinite slope of dy's sign at +-0, of the other sign at inf; nan below zero.
    Raises TypeError if an array is not numeric.

    >>> entr_backward(np.array([1.0, 1.0]), np.array([1.0, 0.0]))[0].tolist()
    [-1.0, inf]
    """
    near = (x > 0.5 * INVERSE_E) & (x < 2.0 * INVERSE_E)
    slope = np.where(near, np.log1p(((x - INVERSE_E) - INVERSE_E_LOW) * np.e), 1.0 + np.log(x))
    return (-grad_output * slope,)


INVERSE_E, INVERSE_E_LOW = 0.36787944117144233, -1.2428753672788363e-17
"""1/e as the unevaluated sum of two doubles."""


@elementwise("x")
def logit(x, eps=None):
    """The log-odds of a probability, the inverse of the sigmoid; `eps` clamps x to [eps, 1 - eps] first.

    y = log(x / (1 - x)),  x replaced by min(max(x, eps), 1 - eps) if eps is given

    Beside x = 1/2 the quotient is beside 1, and its rounding error would be most of the logarithm.  For x in
    [1/4, 3/4] the logarithm is that of 1 + z, z = |2x - 1| / min(x, 1 - x), whose numerator is exact (as is 1 - x for
    x >= 1/2), and y = +-log1p(z).  The upper clamp gives -logit(eps): 1 - eps itself, rounded, would be a different eps.

    x: any shape.  Returns the shape and dtype of x.
    Special values: logit(0) = -inf, logit(1) = inf, nan outside [0, 1] and for nan; with eps > 0 all of these but nan
    are clamped to finite values.
    Raises TypeError if x is not numeric, ValueError if eps is not in [0, 1/2].

    >>> logit(np.array([0.5, 0.0, 2.0]), eps=0.25).round(12).tolist()
    [0.0, -1.098612288668, 1.098612288668]
    """
    if eps is None:
        return _log_odds(x)
    low = _log_odds(np.float64(_checked_eps(eps)))
    return np.where(x < eps, low, np.where(1.0 - x < eps, -low, _log_odds(x)))


@elementwise("grad_output", "x")
def logit_backward(grad_output, x, eps=None):
    """The gradient of `logit`.

    dy/dx = 1/x + 1/(1 - x) = 1 / (x (1 - x)), so dx = dy / (x (1 - x)); 0 where the clamp replaced x.

    grad_output, x: any shape, the same.  Returns (dx,).
    Special values: an infinite slope of dy's sign at 0, -0 and 1; nan outside [0, 1] unless clamped; nan gives nan.
    Raises TypeError if an array is not numeric, ValueError if eps is not in [0, 1/2].

    >>> logit_backward(np.array([1.0, 1.0]), np.array([0.5, 0.01]), eps=0.25)[0].tolist()
    [4.0, 0.0]
    """
    slope = np.where((x < 0.0) | (x > 1.0), np.nan, np.abs(x * (1.0 - x)))
    dx = grad_output / slope
    if eps is None:
        return (dx,)
    eps = _checked_eps(eps)
    return (np.where((x < eps) | (1.0 - x < eps), 0.0 * grad_output, dx),)


# -- pairs of arrays -----------------------------------------------------------------------------------------------------
def _exact_distance(x, y):
    """d = |x - y| rounded, and what the rounding lost, so that d + lost is exact (Knuth's two-sum)."""
    a, b = np.maximum(x, y), np.minimum(x, y)
    d = np.where(a == b, 0.0, a - b)
    virtual = a - d
    lost = (a - (d + virtual)) + (virtual - b)
    return d, np.where(np.isfinite(lost), lost, 0.0)


def _binary_backward(gradient, grad_output, x, other):
    """`gradient(dy, x, other)` in float64 on the broadcast shape, summed back to the shape and dtype of each array."""
    x, other = as_float(x), as_float(other, "other")
    (dy, wide_x, wide_other), _ = widen(grad_output, x, other, names=("grad_output", "x", "other"))
    shape = broadcast_shape(x, other)
    if dy.shape != shape:
        raise ValueError(f"`grad_output` has shape {dy.shape}, but the result has shape {shape}; give that.")
    dx, dother = gradient(*np.broadcast_arrays(dy, wide_x, wide_other))
    return rounded(sum_to_shape(dx, x.shape), x.dtype), rounded(sum_to_shape(dother, other.shape), other.dtype)


@regimes((-np.inf, -SMALLEST, np.nan), (1.0 + 2.0**-52, np.inf, np.nan))
def _log_odds(x):
    """log(x / (1 - x)), see `logit`."""
    return either(np.abs(x - 0.5) <= 0.25, _log_odds_near_half, lambda v: np.log(v / (1.0 - v)), x)


def _log_odds_near_half(x):
    return np.copysign(np.log1p(np.abs(2.0 * x - 1.0) / np.minimum(x, 1.0 - x)), x - 0.5)


def _checked_eps(eps):
    if not 0.0 <= eps <= 0.5:
        raise ValueError(f"eps is {eps!r}, but the clamp [eps, 1 - eps] needs 0 <= eps <= 0.5; give None for no clamp.")
    return float(eps)
