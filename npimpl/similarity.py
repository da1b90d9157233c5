r"""Distances between vectors, the angle between them, and vectors scaled to unit length.

All of them rest on the p-norm |x|_p = (sum_i |x_i|^p)^(1/p), with |x|_inf = max_i |x_i| and |x|_0 the number of
entries that are not zero.
"""

from __future__ import annotations

import numpy as np

from npimpl._axes import normalize_axis, sum_to_shape
from npimpl._compensated import two_sum
from npimpl._precision import as_float, result_dtype, rounded, widen
from npimpl.reductions._wide import Wide, extreme, largest, sign, total, value, where
from npimpl.reductions.norms import power_norm, power_slope

__all__ = [
    "cdist",
    "cdist_backward",
    "cosine_similarity",
    "cosine_similarity_backward",
    "normalize",
    "normalize_backward",
    "pairwise_distance",
    "pairwise_distance_backward",
    "pdist",
    "pdist_backward",
]

BLOCK = 1 << 18
"""Differences formed at a time by `cdist` and `pdist`."""


@np.errstate(all="ignore")
def cosine_similarity(x1, x2, axis=1, eps=1e-8):
    """The cosine of the angle between two vectors.

    y = sum_i a_i b_i,  a = x1 / max(|x1|_2, eps),  b = x2 / max(|x2|_2, eps)

    Vectors of size 1e200 or 1e-200 are taken as numbers with exponents of their own, so that they have their true length
    and nothing is lost of a and b.  The sum is clipped to [-1, 1], where it belongs (Cauchy-Schwarz).

    x1, x2: shapes that broadcast to (..., n, ...), n at `axis` of the broadcast shape.  Returns that shape without
    `axis`, of the dtype of x1 and x2.
    Special values: a zero vector gives 0; an infinite entry or nan gives nan.
    Raises AxisError if `axis` does not exist, ValueError if the shapes do not broadcast, TypeError if not numeric.

    >>> cosine_similarity(np.array([[3e200, 4e200]]), np.array([[4e-200, 3e-200]]), eps=0.0).round(15).tolist()
    [0.96]
    """
    is_extreme = extreme(x1, x2)
    (x1, x2), dtype = widen(x1, x2, names=("x1", "x2"))
    axes = normalize_axis(axis, max(x1.ndim, x2.ndim))
    x1, x2 = (Wide(x) if is_extreme else x for x in np.broadcast_arrays(x1, x2))
    a, b = _direction(x1, axes, eps)[0], _direction(x2, axes, eps)[0]
    return rounded(np.clip(value(total(a * b, axes)), -1.0, 1.0), dtype)


@np.errstate(all="ignore")
def cosine_similarity_backward(grad_output, x1, x2, axis=1, eps=1e-8):
    """The gradient of `cosine_similarity`.

    With N = max(|x1|_2, eps), da_k/dx1_i = (delta_ik - a_k a_i) / N: the length changes along a, the quotient takes
    that part away.  Hence dy/dx1_i = (b_i - y a_i) / N, and without the second term where eps was the larger, because
    N is then a constant.  dx1 = dy (b - y a) / N, summed over the axes that were broadcast; dx2 likewise.

    grad_output: the shape of the forward's result.  Returns (dx1, dx2).
    Special values: a zero vector has the gradient dy b / eps; an infinite entry or nan makes both vectors nan.
    Raises AxisError if `axis` does not exist, ValueError if the shapes do not broadcast, TypeError if not numeric.

    >>> dx1, dx2 = cosine_similarity_backward(np.array([1.0]), np.array([[2.0, 0.0]]), np.array([[0.0, 4.0]]))
    >>> dx1.tolist(), dx2.tolist()
    ([[0.0, 0.5]], [[0.25, 0.0]])
    """
    x1, x2 = as_float(x1, "x1"), as_float(x2, "x2")
    (dy, wide1, wide2), _ = widen(grad_output, x1, x2, names=("grad_output", "x1", "x2"))
    axes = normalize_axis(axis, max(x1.ndim, x2.ndim))
    wide1, wide2 = np.broadcast_arrays(wide1, wide2)
    if extreme(grad_output, x1, x2):
        dy, wide1, wide2 = Wide(dy), Wide(wide1), Wide(wide2)
    a, n1, fixed1 = _direction(wide1, axes, eps)
    b, n2, fixed2 = _direction(wide2, axes, eps)
    y = total(a * b, axes, keepdims=True)
    dy = dy.reshape(y.shape)
    dx1 = dy * (b - a * where(fixed1, 0.0, y)) / n1
    dx2 = dy * (a - b * where(fixed2, 0.0, y)) / n2
    return _gradient(dx1, x1), _gradient(dx2, x2)


@np.errstate(all="ignore")
def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdims=False):
    """The p-norm of the difference of two vectors, row by row.

    y = |x1 - x2 + eps|_p,  over the last axis

    eps is added to every component of the difference, with its sign; it keeps the distance of equal vectors from being
    0, where the norm has no gradient.  The three numbers are added as if exactly (two-sum) and rounded once, because
    x1 - x2 may cancel against eps.

    x1, x2: shapes that broadcast to (..., n).  Returns (...), or (..., 1) if `keepdims`, of the dtype of x1 and x2.
    Special values: an infinite difference gives inf (1 for p = 0), nan gives nan.
    Raises ValueError for p < 0 or shapes that do not broadcast, TypeError if an array is not numeric.
    Source: Knuth, The Art of Computer Programming, vol. 2, section 4.2.2, theorem B (two-sum).

    >>> pairwise_distance(np.array([[3.0, 0.0]]) * 2.0**900, np.array([[0.0, 4.0]]) * 2.0**900) / 2.0**900
    array([5.])
    """
    (x1, x2), dtype = widen(x1, x2, names=("x1", "x2"))
    y = _norm(_offset_difference(x1, x2, eps), _checked_power(p), (-1,))
    return rounded(y if keepdims else y[..., 0], dtype)


@np.errstate(all="ignore")
def pairwise_distance_backward(grad_output, x1, x2, p=2.0, eps=1e-6, keepdims=False):
    """The gradient of `pairwise_distance`.

    With d = x1 - x2 + eps, dy/dd_i = sign(d_i) (|d_i| / y)^(p-1), for p = 2 simply d_i / y; for p = inf, sign(d_i)
    shared evenly by the entries of the largest size; for p = 0 zero.  Where y = 0, and for p < 1 where d_i = 0, the
    subgradient 0 is taken.  dx1 = dy dy/dd and dx2 = -dx1, each summed over the axes that were broadcast.

    grad_output: the shape of the forward's result.  Returns (dx1, dx2).
    Special values: for 1 < p < inf an infinite d_i has gradient nan (inf / inf), the finite ones beside it 0.
    Raises ValueError for p < 0 or shapes that do not broadcast, TypeError if an array is not numeric.

    >>> dx1, dx2 = pairwise_distance_backward(np.array([5.0]), np.array([[3.0, 0.0]]), np.array([[0.0, 4.0]]), eps=0.0)
    >>> dx1.tolist(), dx2.tolist()
    ([[3.0, -4.0]], [[-3.0, 4.0]])
    """
    x1, x2 = as_float(x1, "x1"), as_float(x2, "x2")
    (dy, wide1, wide2), _ = widen(grad_output, x1, x2, names=("grad_output", "x1", "x2"))
    d = _in_range(_offset_difference, wide1, wide2, eps)
    dy = dy.reshape(*d.shape[:-1], 1)
    if _is_wide(x1, x2) and extreme(dy, d):
        dy, d = Wide(dy), Wide(d)
    dd = dy * _slope(d, _norm(d, p := _checked_power(p), (-1,)), p, (-1,))
    return _gradient(dd, x1), _gradient(-dd, x2)


@np.errstate(all="ignore")
def cdist(x1, x2, p=2.0):
    """The p-norm distance of every row of one matrix from every row of another.

    y_ij = |x1_i - x2_j|_p

    The differences are formed.  |a|^2 + |b|^2 - 2 a b, one matrix product, is faster and cancels: two points at 100
    that are 1e-3 apart would come out, in float32, anywhere between 0 and 0.1 apart.

    x1: (..., P, M), x2: (..., R, M), leading axes broadcast.  Returns (..., P, R), of the dtype of x1 and x2.
    Special values: an infinite difference gives inf (1 for p = 0), nan gives nan.
    Raises ValueError for p < 0, fewer than two dimensions, or unequal M; TypeError if an array is not numeric.

    >>> cdist(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[3.0, 4.0]])).tolist()
    [[5.0], [0.0]]
    """
    x1, x2 = as_float(x1, "x1"), as_float(x2, "x2")
    batch, p = _checked_points(x1, x2), _checked_power(p)
    y = np.empty((*batch, x1.shape[-2], x2.shape[-2]), result_dtype(x1, x2))
    for rows, a, b in _blocks(x1.astype(np.float64), x2.astype(np.float64)):
        y[..., rows, :] = _norm(a - b, p, (-1,))[..., 0]
    return y


@np.errstate(all="ignore")
def cdist_backward(grad_output, x1, x2, p=2.0):
    """The gradient of `cdist`.

    dy_ij/dx1_im = s(x1_i - x2_j)_m with the slope s of the norm (see `pairwise_distance_backward`), so
    dx1_im = sum_j dy_ij s(x1_i - x2_j)_m.  s is odd, and by symmetry dx2_jm = sum_i dy_ij s(x2_j - x1_i)_m.

    grad_output: (..., P, R), x1: (..., P, M), x2: (..., R, M).  Returns (dx1, dx2).
    Special values: equal points have gradient 0; see `pairwise_distance_backward` for infinite differences.
    Raises ValueError for p < 0, fewer than two dimensions, or unequal M; TypeError if an array is not numeric.

    >>> dx1, dx2 = cdist_backward(np.array([[5.0]]), np.array([[3.0, 0.0]]), np.array([[0.0, 4.0]]))
    >>> dx1.tolist(), dx2.tolist()
    ([[3.0, -4.0]], [[-3.0, 4.0]])
    """
    x1, x2 = as_float(x1, "x1"), as_float(x2, "x2")
    _checked_points(x1, x2)
    (dy, wide1, wide2), _ = widen(grad_output, x1, x2, names=("grad_output", "x1", "x2"))
    narrow = not _is_wide(x1, x2)
    dx1 = _pull(dy, wide1, wide2, p := _checked_power(p), narrow)
    dx2 = _pull(np.swapaxes(dy, -1, -2), wide2, wide1, p, narrow)
    return rounded(sum_to_shape(dx1, x1.shape), x1.dtype), rounded(sum_to_shape(dx2, x2.shape), x2.dtype)


@np.errstate(all="ignore")
def pdist(x, p=2.0):
    """The p-norm distances of all pairs of rows of a matrix.

    y_k = |x_i - x_j|_p for the pairs i < j in the order (0, 1), (0, 2), ..., (0, N-1), (1, 2), ...

    The differences are formed, as in `cdist`.

    x: (N, M).  Returns (N (N - 1) / 2,), of the dtype of x.
    Special values: an infinite difference gives inf (1 for p = 0), nan gives nan.
    Raises ValueError for p < 0 or if x is not a matrix; TypeError if x is not numeric.

    >>> pdist(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])).tolist()
    [5.0, 10.0, 5.0]
    """
    (x,), dtype = widen(x)
    i, j = _pairs(x)
    p, step = _checked_power(p), max(1, BLOCK // max(x.shape[1], 1))
    y = np.empty(i.size, dtype)
    for start in range(0, i.size, step):
        part = slice(start, start + step)
        y[part] = _norm(x[i[part]] - x[j[part]], p, (-1,))[..., 0]
    return y


@np.errstate(all="ignore")
def pdist_backward(grad_output, x, p=2.0):
    """The gradient of `pdist`.

    Each pair pulls at both of its rows: dx_i = sum_{j != i} dy_(ij) s(x_i - x_j), with the slope s of the norm.  With
    dy_(ij) written as a symmetric matrix of zero diagonal this is the first half of the gradient of `cdist`.

    grad_output: (N (N - 1) / 2,), x: (N, M).  Returns (dx,).
    Special values: equal rows have gradient 0; see `pairwise_distance_backward` for infinite differences.
    Raises ValueError for p < 0 or if x is not a matrix; TypeError if an array is not numeric.

    >>> pdist_backward(np.array([5.0]), np.array([[0.0, 0.0], [3.0, 4.0]]))[0].tolist()
    [[-3.0, -4.0], [3.0, 4.0]]
    """
    narrow = not _is_wide(x)
    (dy, x), dtype = widen(grad_output, x, names=("grad_output", "x"))
    i, j = _pairs(x)
    square = np.zeros((x.shape[0], x.shape[0]))
    square[i, j] = square[j, i] = dy.reshape(-1)
    return (rounded(_pull(square, x, x, _checked_power(p), narrow), dtype),)


@np.errstate(all="ignore")
def normalize(x, p=2.0, axis=1, eps=1e-12):
    """Vectors scaled to unit p-norm.

    y_i = x_i / max(|x|_p, eps)

    Huge or tiny vectors are taken as numbers with exponents of their own, so that their norm stays in range.

    x: (..., n, ...), n at `axis` (an integer or a tuple).  Returns the shape and dtype of x.
    Special values: a zero vector stays zero; beside an infinite entry finite ones become 0, it itself nan (inf / inf).
    Raises AxisError if `axis` does not exist, ValueError for p < 0, TypeError if x is not numeric.

    >>> normalize(np.array([[3e200, 4e200], [0.0, 0.0]])).round(15).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    is_extreme = extreme(x)
    (x,), dtype = widen(x)
    x = Wide(x) if is_extreme else x
    n, _ = _at_least(_norm(x, _checked_power(p), normalize_axis(axis, len(x.shape))), eps)
    return rounded(value(x / n), dtype)


@np.errstate(all="ignore")
def normalize_backward(grad_output, x, p=2.0, axis=1, eps=1e-12):
    """The gradient of `normalize`.

    With N = max(|x|_p, eps) and the slope s_i = dN/dx_i (see `pairwise_distance_backward`; 0 where eps is the larger),
    dy_k/dx_i = (delta_ik - y_k s_i) / N, so dx_i = (dy_i - s_i sum_k dy_k y_k) / N.

    grad_output, x: (..., n, ...).  Returns (dx,).
    Special values: a zero vector has the gradient dy / eps; an infinite entry or nan makes the whole vector nan.
    Raises AxisError if `axis` does not exist, ValueError for p < 0, TypeError if an array is not numeric.

    >>> normalize_backward(np.array([[1.0, 1.0]]), np.array([[0.0, 2.0]]))[0].tolist()
    [[0.5, 0.0]]
    """
    is_extreme = extreme(grad_output, x)
    (dy, x), dtype = widen(grad_output, x, names=("grad_output", "x"))
    p, axes = _checked_power(p), normalize_axis(axis, x.ndim)
    dy, x = (Wide(dy), Wide(x)) if is_extreme else (dy, x)
    length = _norm(x, p, axes)
    n, fixed = _at_least(length, eps)
    slope = where(fixed, 0.0, _slope(x, length, p, axes))
    dx = (dy - slope * total(dy * (x / n), axes, keepdims=True)) / n
    return (rounded(value(dx), dtype),)


# -- the norm and its slope, of arrays or `Wide` numbers -------------------------------------------------------------------
def _norm(x, p, axes):
    """|x|_p along `axes` (kept)."""
    axes = normalize_axis(axes, len(x.shape))
    if p == 0.0:
        size = value(x)
        missing = np.isnan(size).any(axis=axes, keepdims=True)
        return np.where(missing, np.nan, np.count_nonzero(size, axis=axes, keepdims=True))
    if p == 1.0:
        return total(abs(x), axes, keepdims=True)
    return largest(abs(x), axes) if p == np.inf else power_norm(x, p, axes)


def _slope(x, n, p, axes):
    """The derivative of n = |x|_p in each x_i, with the subgradients described in `pairwise_distance_backward`."""
    if p == 0.0:
        return np.zeros(x.shape)
    if p == 1.0:
        return sign(x)
    if p == np.inf:
        size = value(abs(x))
        at_top = size == value(n)
        shared = np.where(at_top, sign(x), 0.0) / np.count_nonzero(at_top, axis=axes, keepdims=True)
        return np.where(np.isnan(size).any(axis=axes, keepdims=True), np.nan, shared)
    return power_slope(x, n, p)


def _at_least(n, eps):
    """max(n, eps), and where that is eps."""
    fixed = value(n) < eps
    return (where(fixed, eps, n) if fixed.any() else n), fixed


def _direction(x, axes, eps):
    """a = x / max(|x|_2, eps), the divisor, and where it is eps."""
    n, fixed = _at_least(_norm(x, 2.0, axes), eps)
    return x / n, n, fixed


def _gradient(dx, x: np.ndarray) -> np.ndarray:
    """The gradient of x, summed over the axes along which x was broadcast."""
    if isinstance(dx, Wide):  # summed before anything is rounded to a subnormal number
        lead = len(dx.shape) - x.ndim
        axes = [*range(lead), *(i + lead for i, n in enumerate(x.shape) if n == 1 != dx.shape[i + lead])]
        return rounded(value(total(dx, axes).reshape(x.shape)), x.dtype)
    return rounded(sum_to_shape(dx, x.shape), x.dtype)


# -- differences ---------------------------------------------------------------------------------------------------------
def _offset_difference(x1, x2, eps):
    """x1 - x2 + eps, rounded once: the rounding errors of both steps are known exactly and put back."""
    if not max(x1.ndim, x2.ndim):
        raise ValueError("x1 and x2 are single numbers, but a distance is that of vectors; give at least one dimension.")
    d, lost = two_sum(x1, -x2)
    d, lost_too = two_sum(d, np.float64(eps))
    correction = lost + lost_too
    return d + np.where(np.isfinite(correction), correction, 0.0)


def _in_range(difference, x1, x2, *eps):
    """`difference` up to a positive factor in each row: where it overflows for finite arrays, that of their halves.

    The slope of a norm does not depend on such a factor, and is of size one where the norm itself is out of range.
    """
    d = difference(x1, x2, *eps)
    over = np.isinf(d).any(axis=-1, keepdims=True)
    return np.where(over, difference(0.5 * x1, 0.5 * x2, *(0.5 * e for e in eps)), d) if over.any() else d


def _blocks(x1, x2):
    """Blocks of rows: (which rows of x1, these as (..., rows, 1, M), x2 as (..., 1, R, M)), about `BLOCK` differences each."""
    batch = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    each = int(np.prod(batch, dtype=np.int64)) * x2.shape[-2] * x2.shape[-1]
    step = max(1, BLOCK // max(each, 1))
    for start in range(0, x1.shape[-2], step):
        rows = slice(start, start + step)
        yield rows, x1[..., rows, None, :], x2[..., None, :, :]


def _pull(dy, x1, x2, p, narrow):
    """sum_j dy_ij s(x1_i - x2_j), s the slope of the norm; a pair with dy_ij = 0 contributes nothing, not even nan."""
    batch = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    dx = np.empty((*batch, *x1.shape[-2:]))
    for rows, a, b in _blocks(x1, x2):
        d, weight = _in_range(np.subtract, a, b), dy[..., rows, :, None]
        none = weight == 0.0
        d, weight = (Wide(d), Wide(weight)) if not narrow and extreme(d, weight) else (d, weight)
        pull = weight * _slope(d, _norm(d, p, (-1,)), p, (-1,))
        dx[..., rows, :] = value(total(where(none, 0.0, pull) if none.any() else pull, -2))
    return dx


def _is_wide(*arrays) -> bool:
    """Whether differences of the arrays, before they are widened, may leave the range of safe float64 numbers."""
    return any(np.asarray(a).dtype == np.float64 for a in arrays)


# -- checks --------------------------------------------------------------------------------------------------------------
def _checked_power(p):
    if not p >= 0:
        raise ValueError(f"p is {p!r}, but a p-norm needs p >= 0 (0, 1, 2, inf, or any number between).")
    return float(p)


def _checked_points(x1, x2):
    """The broadcast leading axes of two stacks of points."""
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ValueError(f"x1 and x2 have shapes {x1.shape} and {x2.shape}; cdist needs (..., P, M) and (..., R, M), M equal.")
    return np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])


def _pairs(x):
    if x.ndim != 2:
        raise ValueError(f"x has shape {x.shape}, but pdist takes a matrix (N, M) of N points; reshape it.")
    return np.triu_indices(x.shape[0], 1)
