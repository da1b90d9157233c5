"""Losses of an angle or of distances between vectors."""

from __future__ import annotations

import numpy as np

from npimpl._axes import pairwise_sum, sum_to_shape
from npimpl._precision import is_float, rounded
from npimpl.losses._numerics import accurate_sum
from npimpl.losses._reduction import SHRINK, check_reduction, cotangent, operands, reduced, require, wide

__all__ = [
    "cosine_embedding_loss",
    "cosine_embedding_loss_backward",
    "triplet_margin_loss",
    "triplet_margin_loss_backward",
]

COSINE_EPS = 1e-12
"""Added to the squared length of each vector, so that a zero vector has cosine 0 with every other."""


def _power_of_two(a, low: float = 0.0):
    """The power of two at or below the largest |a| of each row (at least `low`; 1 for rows without size)."""
    top = np.maximum(np.abs(a).max(-1, keepdims=True, initial=0.0), low)
    _, exponent = np.frexp(top)
    return np.where((top > 0) & np.isfinite(top), np.ldexp(1.0, exponent - 1), 1.0)


def _cosine_operands(input1, input2, target):
    (a, b, y), _ = operands(input1=input1, input2=input2, target=target)
    _, dtype = operands(input1=input1, input2=input2)
    require(y.ndim <= 1, f"`target` has shape {y.shape}, but must be 0-d (one pair of vectors) or have shape (N,).")
    shape = np.broadcast_shapes(a.shape, b.shape)
    fits = a.ndim == b.ndim == y.ndim + 1 and np.broadcast_shapes(shape[:-1], y.shape) == shape[:-1]
    require(
        fits,
        f"The inputs have shapes {a.shape}, {b.shape} and `target` {y.shape}; pass (N, D), (N, D), (N,) or (D,), (D,), ().",
    )
    require(((y == 1) | (y == -1)).all(), "`target` has entries other than -1 and 1; map the labels to -1 and 1 first.")
    return a, b, y, dtype


def _unit(a):
    """a / sqrt(|a|^2 + eps), and that length as (power of two, factor): neither overflows."""
    s = _power_of_two(a, 2.0**-20)
    a = a / s
    length = np.sqrt(pairwise_sum(a * a, -1, keepdims=True) + COSINE_EPS / s / s)
    return a / length, s, length


def _cosine(a, b):
    (u, s, lu), (v, r, lv) = _unit(a), _unit(b)
    return pairwise_sum(u * v, -1, keepdims=True), (u, s, lu), (v, r, lv)


@np.errstate(all="ignore")
def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction="mean"):
    """Loss of the angle between two vectors that should point the same way (y = 1) or not (y = -1).

    cos_n = <a_n, b_n> / sqrt((|a_n|^2 + eps)(|b_n|^2 + eps)), eps = 1e-12;
    l_n = 1 - cos_n if y_n = 1;  max(0, cos_n - margin) if y_n = -1.

    Each vector is first divided by a power of two near its largest entry, which is exact and keeps the squares of 1e200
    finite and those of 1e-20 normal.  1 - cos cancels for nearly parallel vectors: the error is a few units of 1 + |cos|.

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
    da = c dl/dcos (v - cos u)/|a|.  The length is divided out as a power of two and a factor of order one.

    >>> cosine_embedding_loss_backward(1.0, np.array([[2.0, 0.0]]), np.array([[0.0, 1.0]]), np.array([1]))[0]
    array([[-0. , -0.5]])
    """
    check_reduction(reduction)
    a, b, y, _ = _cosine_operands(input1, input2, target)
    cos, (u, s, lu), (v, r, lv) = _cosine(wide(a), wide(b))
    shape = cos.shape[:-1]
    dy = np.broadcast_to(cotangent(grad_output, shape, reduction), shape)[..., None]
    c = dy * np.where(y[..., None] > 0, np.where(np.isnan(cos), cos, -1.0), np.heaviside(cos - margin, 1.0))
    da, db = c * (v - cos * u) / lu / s, c * (u - cos * v) / lv / r
    return _narrow(da, a), _narrow(db, b), None


def _narrow(grad, a):
    return rounded(sum_to_shape(grad, a.shape), a.dtype if is_float(a.dtype) else np.dtype(np.float64))


# -- triplets ------------------------------------------------------------------------------------------------------------


def _norm(d, p):
    """(sum |d|^p)^(1/p) along the last axis, on entries scaled by a power of two so that no power overflows."""
    if d.shape[-1] == 0:
        return np.zeros((*d.shape[:-1], 1))
    a = np.abs(d)
    if p == np.inf:
        return a.max(-1, keepdims=True)
    if p == 1:
        return pairwise_sum(a, -1, keepdims=True)
    s = _power_of_two(a)
    a = a / s
    total = pairwise_sum(a * a if p == 2 else a**p, -1, keepdims=True)
    return s * (np.sqrt(total) if p == 2 else total ** (1.0 / p))


def _norm_slope(d, norm, p):
    """The gradient of the p-norm: sign(d) (|d| / norm)^(p-1), and 0 where that is undefined (d = 0 or norm = 0)."""
    if p == np.inf:
        hit = np.abs(d) == norm
        slope = np.sign(d) * hit / np.maximum(hit.sum(-1, keepdims=True), 1)
        return np.where(np.isnan(norm), norm, slope)
    if p == 1:
        return np.sign(d)
    slope = d / norm if p == 2 else np.sign(d) * (np.abs(d) / norm) ** (p - 1.0)
    return np.where(d == 0, np.where(np.isnan(norm), norm, 0.0), slope)


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
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    return arrays, dtype, shape


def _distances(a, x, n, p, eps, swap):
    """[(difference, norm)] of anchor-positive, anchor-negative and, with swap, positive-negative."""
    pairs = [(a, x), (a, n), (x, n)] if swap else [(a, x), (a, n)]
    differences = [accurate_sum(first, -second, eps) for first, second in pairs]
    return [(d, _norm(d, p)) for d in differences]


@np.errstate(all="ignore")
def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    """An anchor should be nearer to the positive example than to the negative one, by a margin.

    l_n = max(0, margin + d(a_n, x_n) - d(a_n, y_n)),  d(u, v) = (sum_j |u_j - v_j + eps|^p)^(1/p)  (p = inf: the maximum),
    a = anchor, x = positive, y = negative.  With `swap`, d(a, y) is replaced by min(d(a, y), d(x, y)).

    The differences are divided by a power of two near their largest entry before they are raised to a power, so distances
    of 1e200 or 1e-200 come out right.  margin + d(a, x) - d(a, y) may cancel: the error is a few units of the three's sum.

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
        (_, near), *others = _distances(a, x, n, p, eps * scale, swap)
        far = others[0][1] if not swap else np.minimum(others[0][1], others[1][1])
        return np.maximum(accurate_sum(margin * scale, near, -far), 0.0)[..., 0]

    e = rows(1.0)
    if not np.isfinite(e).all():
        e = np.where(np.isfinite(e), e, np.ldexp(rows(2.0**-SHRINK), SHRINK))
    return reduced(e, reduction, dtype)


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
    huge = any(np.isfinite(a).all() and (np.abs(wide(a)) > 1e290).any() for a in arrays)
    scale = 2.0**-SHRINK if huge else 1.0
    (e, near), (f, far), *swapped = _distances(*(wide(a) * scale for a in arrays), p, eps * scale, swap)
    share = 1.0
    if swap:
        (k, other), *_ = swapped
        share, far = np.heaviside(other - far, 0.5), np.minimum(far, other)
    h = np.heaviside(accurate_sum(margin * scale, near, -far), 1.0)
    c = np.broadcast_to(cotangent(grad_output, shape[:-1], reduction), shape[:-1])[..., None] * h
    g_near, g_far = _where_active(c, _norm_slope(e, near, p)), _where_active(c * share, _norm_slope(f, _norm(f, p), p))
    g_swap = _where_active(c * (1.0 - share), _norm_slope(k, other, p)) if swap else 0.0
    grads = g_near - g_far, -g_near - g_swap, g_far + g_swap
    return tuple(_narrow(np.broadcast_to(g, shape), a) for g, a in zip(grads, arrays, strict=True))
