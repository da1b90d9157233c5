"""Losses of an angle or of distances between vectors."""

from __future__ import annotations

import numpy as np

from npimpl._axes import broadcast_shape, sum_to_shape
from npimpl._precision import is_float, rounded
from npimpl.losses._numerics import accurate_sum, double_sum
from npimpl.losses._reduction import SHRINK, check_reduction, cotangent, operands, reduced, require, row_sum, wide

__all__ = [
    "cosine_embedding_loss",
    "cosine_embedding_loss_backward",
    "triplet_margin_loss",
    "triplet_margin_loss_backward",
]

COSINE_EPS = 1e-12
"""Added to the squared length of each vector, so that a zero vector has cosine 0 with every other."""


def _exponent(a):
    """The exponent k of each row with 2^(k-1) <= max |a| < 2^k (0 for rows of zeros, and where max |a| is inf or nan)."""
    top = np.abs(a).max(-1, keepdims=True, initial=0.0)
    return np.where(np.isfinite(top), np.frexp(top)[1], 0)


def _cosine_operands(input1, input2, target):
    (a, b, y), _ = operands(input1=input1, input2=input2, target=target)
    _, dtype = operands(input1=input1, input2=input2)
    require(y.ndim <= 1, f"`target` has shape {y.shape}, but must be 0-d (one pair of vectors) or have shape (N,).")
    shape = broadcast_shape(a, b)
    fits = a.ndim == b.ndim == y.ndim + 1 and np.broadcast_shapes(shape[:-1], y.shape) == shape[:-1]
    require(
        fits,
        f"The inputs have shapes {a.shape}, {b.shape} and `target` {y.shape}; pass (N, D), (N, D), (N,) or (D,), (D,), ().",
    )
    require(((y == 1) | (y == -1)).all(), "`target` has entries other than -1 and 1; map the labels to -1 and 1 first.")
    return a, b, y, dtype


def _length(a):
    """a, a / 2^k of order one, and f, q with sqrt(|a|^2 + eps) = 2^q f and f of order one; k - q too, which is at most 0."""
    k = _exponent(a)
    q = np.maximum(k, -20)  # 2^-20 is near sqrt(eps): shorter vectors do not make the length shorter
    unit = np.ldexp(a, -k)
    f = np.sqrt(np.ldexp(row_sum(unit * unit, keepdims=True), 2 * (k - q)) + np.ldexp(COSINE_EPS, -2 * q))
    return a, unit, f, q, k - q


def _cosine(a, b):
    """The cosine of each pair of rows, and what it was made of."""
    first, second = _length(a), _length(b)
    (_, a, f, _, i), (_, b, g, _, j) = first, second
    dot = row_sum(a * b, keepdims=True) / (f * g)
    return np.ldexp(dot, i + j), dot, first, second


@np.errstate(all="ignore")
def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction="mean"):
    """Loss of the angle between two vectors that should point the same way (y = 1) or not (y = -1).

    cos_n = <a_n, b_n> / sqrt((|a_n|^2 + eps)(|b_n|^2 + eps)), eps = 1e-12;
    l_n = 1 - cos_n if y_n = 1;  max(0, cos_n - margin) if y_n = -1.

    Each vector is first divided by a power of two near its largest entry, which is exact and keeps the squares of 1e200
    finite and those of 1e-200 normal.  1 - cos cancels for nearly parallel vectors: the error is a few units of 1 + |cos|.

    Shapes: a, b (N, D) with y (N,), or (D,) with y 0-d; the losses have the shape of y; dtype of the vectors.
    Special values: a zero vector has cosine 0; an infinite entry gives nan; the mean of nothing is nan.
    Raises ValueError for labels other than -1 and 1 or shapes that do not fit.

    >>> cosine_embedding_loss(np.array([[1.0, 0.0]] * 2), np.array([[3.0, 4.0]] * 2), np.array([1, -1]), reduction="none")
    array([0.4, 0.6])
    """
    check_reduction(reduction)
    a, b, y, dtype = _cosine_operands(input1, input2, target)
    cos = _cosine(wide(a), wide(b))[0][..., 0]
    return reduced(np.where(y > 0, 1.0 - cos, np.maximum(cos - margin, 0.0)), reduction, dtype)


@np.errstate(all="ignore")
def cosine_embedding_loss_backward(grad_output, input1, input2, target, margin=0.0, reduction="mean"):
    """Gradients of `cosine_embedding_loss` for input1 and input2 (none for the labels).

    With u = a/|a|, v = b/|b| (lengths with eps): d cos/da = (v - cos u)/|a|, the part of v across u, and likewise for b.
    dl/dcos = -1 for y = 1, and [cos - margin >= 0] for y = -1 (the edge included).  With c_n = dy_n, or dy/N:
    da = c dl/dcos (v - cos u)/|a|.  Powers of two are kept apart as integers until the end, so tiny vectors lose nothing.

    >>> cosine_embedding_loss_backward(1.0, np.array([[2.0, 0.0]]), np.array([[0.0, 1.0]]), np.array([1]))[0]
    array([[ 0. , -0.5]])
    """
    check_reduction(reduction)
    a, b, y, _ = _cosine_operands(input1, input2, target)
    cos, dot, first, second = _cosine(wide(a), wide(b))
    shape = cos.shape[:-1]
    dy = np.broadcast_to(cotangent(grad_output, shape, reduction), shape)[..., None]
    over = cos - margin if margin else dot  # a cosine that underflows keeps its sign
    c = dy * np.where(y[..., None] > 0, np.where(np.isnan(cos), cos, -1.0), np.heaviside(over, 1.0))
    return _narrow(_across(c, dot, first, second), a), _narrow(_across(c, dot, second, first), b), None


def _across(c, dot, first, second):
    """c (v - cos u) / |a| from a = 2^(i+q) a', |a| = 2^q f, u = 2^i a'/f (v likewise), powers of two applied last."""
    (*_, f, q, i), (*_, g, _, j) = first, second
    return _times_unit(c / (f * g), second, j - q) - _times_unit(c * dot / (f * f), first, 2 * i + j - q)


def _times_unit(c, vector, e):
    """2^e c a', from a = 2^(i+q) a' itself where an entry of a' is subnormal beside a huge one and c would show its error."""
    a, unit, _, q, i = vector
    y = np.ldexp(unit * c, e)
    tiny = np.abs(unit) < 2.0**-1000
    return np.where(tiny, np.ldexp(a * c, e - i - q), y) if tiny.any() else y


def _narrow(grad, a):
    return rounded(sum_to_shape(grad, a.shape), a.dtype if is_float(a.dtype) else np.dtype(np.float64))


# -- triplets ------------------------------------------------------------------------------------------------------------


def _norm(d, p):
    """(sum |d|^p)^(1/p) along the last axis, d = (leading part, rest); scaled by a power of two so that no power overflows."""
    a = np.abs(d[0])
    if p == np.inf:
        return a.max(-1, keepdims=True, initial=0.0)
    if p == 1:
        return row_sum(a, keepdims=True)
    k = _exponent(a)
    total = row_sum(_power(np.ldexp(a, -k), p), keepdims=True)
    return np.ldexp(np.sqrt(total) if p == 2 else total ** (1.0 / p), k)


def _power(a, p):
    return a * a if p == 2 else a**p


def _norm_gap(e, f, gap, p):
    """|e| - |f| in the p-norm, given gap = e - f, accurate even where the norms are huge and nearly equal.

    With d_j = |e_j| - |f_j|, which is +-gap_j where e_j and f_j have one sign, the norms N and F satisfy
    N^p - F^p = D = sum |e_j|^p - |f_j|^p, each term |f_j|^p expm1(p log1p(d_j / |f_j|)) where d_j is small, and so
    N - F = F expm1(log1p(D / F^p) / p); for p = 2 that is D / (N + F) with D = sum d_j (|e_j| + |f_j|), for p = 1 it is D.
    """
    near, far = _norm(e, p), _norm(f, p)
    if p == np.inf:
        return _largest_gap(e, f, near, far)
    e, f = e[0], f[0]
    a, b = np.abs(e), np.abs(f)
    d = np.where(e < 0, -1.0, 1.0) * np.where((e < 0) == (f < 0), gap, e + f)
    if p == 1:
        y = row_sum(d, keepdims=True)
    else:
        k = np.maximum(_exponent(a), _exponent(b))
        a, b, d = np.ldexp(a, -k), np.ldexp(b, -k), np.ldexp(d, -k)
        if p == 2:
            y = np.ldexp(row_sum(d * (a + b), keepdims=True) / (_norm((a, 0), p) + _norm((b, 0), p)), k)
        else:
            terms = np.where(np.abs(d) < 0.5 * b, b**p * np.expm1(p * np.log1p(d / b)), a**p - b**p)
            ratio = row_sum(terms, keepdims=True) / row_sum(b**p, keepdims=True)
            growth = np.log1p(ratio) / p
            y = np.where(growth > 1.0, near - far, far * np.expm1(growth))  # a large exponent is worth its own error
    return np.where(np.isfinite(y) & np.isfinite(near) & np.isfinite(far), y, near - far)


def _largest(d, norm):
    """Where |d| is largest, for d = hi + lo: the largest hi, and among those the largest lo; and that lo."""
    hi, lo = d[0], np.where(d[0] < 0, -d[1], d[1])
    first = np.abs(hi) == norm
    low = np.where(first, lo, -np.inf).max(-1, keepdims=True, initial=-np.inf)
    return first & (lo == low), np.where(np.isfinite(low), low, 0.0)


def _largest_gap(e, f, near, far):
    return (near - far) + (_largest(e, near)[1] - _largest(f, far)[1])


def _norm_slope(d, p):
    """The gradient of the p-norm: sign(d) (|d| / norm)^(p-1), and 0 where that is undefined (d = 0 or norm = 0)."""
    norm = _norm(d, p)
    if p == np.inf:
        hit, d = _largest(d, norm)[0], d[0]
        slope = np.sign(d) * hit / np.maximum(hit.sum(-1, keepdims=True), 1)
        return np.where(np.isnan(norm), norm, slope)
    d = d[0]
    if p == 1:
        return np.sign(d)
    slope = d / norm if p == 2 else np.sign(d) * _tiny_power(np.abs(d), norm, p - 1.0)
    return np.where(d == 0, np.where(np.isnan(norm), norm, 0.0), slope)


def _tiny_power(a, norm, p):
    """(a / norm)^p for a <= norm, also where the quotient is subnormal and its root is not."""
    ratio = a / norm
    y = ratio**p
    tiny = (ratio < 2.0**-1000) & (a > 0)
    return np.where(tiny, (np.ldexp(a, 512) / norm) ** p * 2.0 ** (-512.0 * p), y) if tiny.any() else y


def _where_active(c, slope):
    """c times slope, but 0 where c = 0 even if the slope is not defined: an inactive hinge passes nothing on."""
    return np.where(c == 0, 0.0, c * slope)


def _triplet_operands(anchor, positive, negative, margin, p):
    arrays, dtype = operands(anchor=anchor, positive=positive, negative=negative)
    require(margin > 0, f"`margin` is {margin}, but must be positive.")
    require(p > 0, f"`p` is {p}, but must be positive (inf is allowed).")
    ndim = arrays[0].ndim
    require(
        ndim >= 1 and all(a.ndim == ndim for a in arrays),
        "The three inputs must have the same number of dimensions, at least one.",
    )
    shape = broadcast_shape(*arrays)
    return arrays, dtype, shape


def _differences(a, x, n, p, eps, swap):
    """a - x + eps, a - y + eps and (for the swap) x - y + eps, each with its rounding error if p = inf (ties need it)."""
    pairs = [(a, x), (a, n), (x, n)] if swap else [(a, x), (a, n)]
    exact = double_sum if p == np.inf else lambda *terms: (accurate_sum(*terms), 0.0)
    return [exact(first, -second, eps) for first, second in pairs]


def _violation(a, x, n, margin, p, eps, swap):
    """z = margin + d(a, x) - d(a, y) and 1; with `swap`, min(d(a, y), d(x, y)) for d(a, y), and the share d(a, y) has in it."""
    e, f, *g = _differences(a, x, n, p, eps, swap)
    z = accurate_sum(margin, _norm_gap(e, f, accurate_sum(n, -x), p))
    if not swap:
        return z, 1.0
    further = _norm_gap(f, g[0], accurate_sum(a, -x), p)
    share = np.where(np.isnan(further), 0.5, np.heaviside(-further, 0.5))
    other = accurate_sum(margin, _norm_gap(e, g[0], accurate_sum(a, n, -x, -x), p))
    return np.where(share == 1.0, z, np.where(share == 0.0, other, np.maximum(z, other))), share


@np.errstate(all="ignore")
def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    """An anchor should be nearer to the positive example than to the negative one, by a margin.

    l_n = max(0, margin + d(a_n, x_n) - d(a_n, y_n)),  d(u, v) = (sum_j |u_j - v_j + eps|^p)^(1/p)  (p = inf: the maximum),
    a = anchor, x = positive, y = negative.  With `swap`, d(a, y) is replaced by min(d(a, y), d(x, y)).

    The differences are divided by a power of two near their largest entry before they are raised to a power, so distances
    of 1e200 or 1e-200 come out right.  d(a, x) - d(a, y) is not taken as the difference of two numbers that may be huge and
    nearly equal, but from x - y (see `_norm_gap`): the error is a few units of margin + d(x, y).

    Shapes: a, x, y (..., D), broadcast together; the losses have shape (...); dtype of the arguments.
    Special values: infinite distances that meet give nan; the mean of nothing is nan.
    Raises ValueError unless margin > 0 and p > 0, or for shapes that do not fit.
    Source: Balntas et al., Learning local feature descriptors with triplets and shallow CNNs (2016), sections 3.1 and 3.2.

    >>> a, x, y = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])
    >>> float(triplet_margin_loss(a, x, y, eps=0.0))
    4.0
    """
    check_reduction(reduction)
    arrays, dtype, _ = _triplet_operands(anchor, positive, negative, margin, p)

    def rows(scale):
        a, x, n = (wide(v) * scale for v in arrays)
        return np.maximum(_violation(a, x, n, margin * scale, p, eps * scale, swap)[0], 0.0)[..., 0]

    return reduced(rows(1.0), reduction, dtype, shrunk=lambda: rows(2.0**-SHRINK))


@np.errstate(all="ignore")
def triplet_margin_loss_backward(
    grad_output, anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"
):
    """Gradients of `triplet_margin_loss` for anchor, positive and negative.

    d(u, v) has the slope g_j = sign(e_j) (|e_j| / d)^(p-1) for u_j and -g_j for v_j, e = u - v + eps (0 where e_j = 0).
    With h = [margin + d(a, x) - d(a, y) >= 0] (the edge included) and c_n = dy_n h_n (or dy h_n/N):
    da = c (g_ax - g_ay), dx = -c g_ax, dy = c g_ay.  With `swap` the smaller of d(a, y), d(x, y) takes the second part, half
    each if they are equal.  All is scaled by 2^-64 if a distance overflows; slopes do not change with scale.

    >>> a, x, y = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])
    >>> triplet_margin_loss_backward(1.0, a, x, y, eps=0.0)[1]
    array([[0.6, 0.8]])
    """
    check_reduction(reduction)
    arrays, _, shape = _triplet_operands(anchor, positive, negative, margin, p)
    huge = any((np.isfinite(a) & (np.abs(wide(a)) > 1e290)).any() for a in arrays)
    scale = 2.0**-SHRINK if huge else 1.0
    a, x, n = (wide(v) * scale for v in arrays)
    e, f, *g = _differences(a, x, n, p, eps * scale, swap)
    z, share = _violation(a, x, n, margin * scale, p, eps * scale, swap)
    h = np.heaviside(z, 1.0)
    c = np.broadcast_to(cotangent(grad_output, shape[:-1], reduction), shape[:-1])[..., None] * h
    g_near, g_far = _where_active(c, _norm_slope(e, p)), _where_active(c * share, _norm_slope(f, p))
    g_swap = _where_active(c * (1.0 - share), _norm_slope(g[0], p)) if swap else 0.0
    grads = g_near - g_far, -g_near - g_swap, g_far + g_swap
    return tuple(_narrow(np.broadcast_to(g, shape), a) for g, a in zip(grads, arrays, strict=True))
