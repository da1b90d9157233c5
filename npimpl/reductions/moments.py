"""Second moments: variance, standard deviation, covariance and correlation.

All four rest on `_centered`: the entries minus their mean, accurate *relative to the spread* even when the mean is 1e14
times larger.  Everything after it is a sum of squares or products, which cannot cancel on the diagonal.
"""

from __future__ import annotations

import numpy as np

from npimpl._precision import as_float, rounded, widen
from npimpl.reductions._rows import axes_of, cotangent, exponent_of_rows, finish, largest_magnitude, length, total

__all__ = ["corrcoef", "corrcoef_backward", "cov", "cov_backward", "std", "std_backward", "var", "var_backward"]

SAFE = 400
"""Squares, and sums of up to 2^100 of them, stay normal numbers for magnitudes between 2^-400 and 2^400."""


def _centered(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """d and e with d 2^e = x - mean(x): rows outside 2^±400 are scaled by a power of two, then centred twice.

    The first mean carries an error delta of about u |mean|, which may exceed the spread.  But x - (mean + delta) is exact or
    nearly so, and its mean is -delta: subtracting that too leaves the entries centred to u times their own spread.
    A constant row becomes exactly zero.
    """
    (w,), dtype = widen(x)
    e = np.zeros((), np.int32)
    if dtype == np.float64:
        e = exponent_of_rows(largest_magnitude(w, axes), SAFE)
        w = np.ldexp(w, -e) if e.any() else w
    n = np.float64(length(x, axes))
    d = w - total(w, axes) / n
    d -= total(d, axes) / n
    return d, e


def _freedom(n: int, correction) -> np.float64:
    """max(0, n - correction): what the sum of squares is divided by."""
    if isinstance(correction, (str, bytes)) or np.ndim(correction) or not np.isfinite(correction):
        raise ValueError(f"correction is {correction!r}, but must be a finite number (0: population, 1: unbiased sample).")
    return np.float64(max(0.0, n - float(correction)))


@np.errstate(all="ignore")
def var(x, axis=None, correction=1, keepdims=False):
    r"""The variance over one, several or all axes, with `correction` degrees of freedom taken off.

    .. math:: y = \frac{1}{\max(0, n - c)} \sum_{i=1}^{n} (x_i - \bar x)^2, \qquad \bar x = \frac1n \sum_i x_i

    The one-pass form mean(x^2) - mean(x)^2 subtracts two numbers of size mean^2 and loses everything once mean/spread reaches
    1/sqrt(u).  Two passes lose u^2 (mean/spread)^2; centring the centred data once more (the correction term of Chan, Golub
    and LeVeque) removes that too, so the result is accurate to a few u relative to itself for every row.  Rows whose squares
    would overflow or underflow are scaled by a power of two first.

    x: any shape; y: that shape without `axis` (length 1 if `keepdims`); dtype of x (integers: float64).  n = 1 with c = 1, and
    an empty row, give nan (0/0); n <= c with unequal entries gives inf; a row with an infinity or nan gives nan.

    Raises AxisError for an axis that does not exist, ValueError for a correction that is not a finite number.

    Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance, The American Statistician 37 (1983).

    >>> var([1e8 + 1, 1e8 + 2, 1e8 + 3]).item()
    1.0
    """
    x = as_float(x)
    axes = axes_of(x, axis)
    d, e = _centered(x, axes)
    q = total(d * d, axes) / _freedom(length(x, axes), correction)
    return finish(np.ldexp(q, 2 * e), x, axes, keepdims, x.dtype)


@np.errstate(all="ignore")
def var_backward(grad_output, x, axis=None, correction=1, keepdims=False):
    r"""The gradient of `var`.

    Element derivative: with f = max(0, n - c) and r_j = x_j - mean, dy/dx_i = (2/f) sum_j r_j (delta_ij - 1/n); the second term
    vanishes because the r_j sum to zero.  Hence dx_i = dy 2 r_i / f: linear in the centred data, so the same double centring
    makes it accurate, and the exponent of a scaled row is put back at the very end.

    >>> var_backward(np.array(1.0), np.array([1.0, 2.0, 6.0]))
    (array([-2., -1.,  3.]),)
    """
    x = as_float(x)
    axes = axes_of(x, axis)
    dy, power = np.frexp(cotangent(grad_output, x, axes, keepdims))
    d, e = _centered(x, axes)
    d *= dy * (2 / _freedom(length(x, axes), correction))
    return (rounded(np.ldexp(d, e + power), x.dtype),)


@np.errstate(all="ignore")
def std(x, axis=None, correction=1, keepdims=False):
    r"""The standard deviation over one, several or all axes, with `correction` degrees of freedom taken off.

    .. math:: y = \sqrt{\frac{1}{\max(0, n - c)} \sum_{i=1}^{n} (x_i - \bar x)^2}

    As `var`, but the root is taken before the power of two is put back: the deviation of data of size 1e200 or 1e-200 is
    representable although its variance is not.  The root halves the relative error.

    x: any shape; y: that shape without `axis` (length 1 if `keepdims`); dtype of x (integers: float64).  Special values and
    errors as `var`.

    Raises AxisError for an axis that does not exist, ValueError for a correction that is not a finite number.

    Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance, The American Statistician 37 (1983).

    >>> std([3e200, 1e200, 2e200]).item()
    1e+200
    """
    x = as_float(x)
    axes = axes_of(x, axis)
    d, e = _centered(x, axes)
    q = total(d * d, axes) / _freedom(length(x, axes), correction)
    return finish(np.ldexp(np.sqrt(q), e), x, axes, keepdims, x.dtype)


@np.errstate(all="ignore")
def std_backward(grad_output, x, axis=None, correction=1, keepdims=False):
    r"""The gradient of `std`.

    Element derivative: y = sqrt(v) gives dy/dx_i = (dv/dx_i) / (2 y) = r_i / (f y), with r and f as in `var_backward`.
    Hence dx_i = dy r_i / (f y).  It does not change when the row is scaled, so no exponent has to be put back.
    At zero variance the root has a corner; like PyTorch, the gradient there is 0 (a subgradient).

    >>> std_backward(np.array(2.0), np.array([1.0, 3.0]), correction=0)
    (array([-1.,  1.]),)
    """
    x = as_float(x)
    axes = axes_of(x, axis)
    dy = cotangent(grad_output, x, axes, keepdims)
    f = _freedom(length(x, axes), correction)
    d, _ = _centered(x, axes)
    y = np.sqrt(total(d * d, axes) / f)
    d /= np.where(y == 0, np.inf, f * y)  # 0 / inf: the gradient at zero variance
    d *= dy
    return (rounded(d, x.dtype),)


def _matrix(x, op: str) -> np.ndarray:
    """`x` as rows of observations: a vector is one variable."""
    x = as_float(x)
    if x.ndim > 2:
        raise ValueError(f"{op} got {x.ndim} dimensions, but takes (variables, observations); give a 1-D or 2-D array.")
    return x.reshape(1, -1) if x.ndim < 2 else x


@np.errstate(all="ignore")
def cov(x, correction=1):
    r"""The covariance matrix of the rows of `x`.

    .. math:: y_{ij} = \frac{1}{\max(0, n - c)} \sum_{k=1}^{n} (x_{ik} - \bar x_i)(x_{jk} - \bar x_j)

    The centred rows D (centred twice, as in `var`) are multiplied by the BLAS in float64 for every dtype, those of float64 in
    blocks of columns that are added pairwise: the error is a small multiple of u sum_k |d_ik d_jk| / f for every N, and the
    matrix is exactly symmetric.  Every row has a power of two of its own, so rows
    of size 1e200 and 1e-200 live in one matrix.

    x: (V, N), V variables observed N times, or (N,); y: (V, V), or 0-d for one variable, as in PyTorch; dtype of x
    (integers: float64).
    N <= correction gives nan or inf (division by zero).

    Raises ValueError for more than two dimensions or a correction that is not a finite number.

    Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance, The American Statistician 37 (1983).

    >>> cov([[1.0, 2.0, 3.0], [1.0, 0.0, -1.0]])
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    rows = _matrix(x, "cov")
    d, e = _centered(rows, (1,))
    y = _product(d, d.T, rows.dtype) / _freedom(rows.shape[1], correction)
    y = np.ldexp(y, e + np.transpose(e))
    return rounded(y.reshape(_pairs(len(rows))), rows.dtype)


@np.errstate(all="ignore")
def cov_backward(grad_output, x, correction=1):
    r"""The gradient of `cov`.

    y = D D^T / f with D = X - mean.  Element derivative: dy_ij = (dD_i . D_j + D_i . dD_j) / f, so the cotangent of D is
    (G + G^T) D / f.  Centring is a projection and its transpose is itself; but the rows of (G + G^T) D are already centred,
    because those of D are.  Hence dx = (G + G^T) D / f.

    >>> cov_backward(np.array(1.0), np.array([1.0, 2.0, 6.0]))
    (array([-2., -1.,  3.]),)
    """
    rows = _matrix(x, "cov_backward")
    v = rows.shape[0]
    dy = as_float(grad_output, "grad_output").astype(np.float64, copy=False)
    if dy.shape != _pairs(v):
        raise ValueError(f"grad_output has shape {dy.shape}, but cov of {v} variables has one entry for each pair of them.")
    d, e = _centered(rows, (1,))
    g, k = _both_ways(dy.reshape(v, v), np.transpose(e))
    dx = _product(g, d, rows.dtype) / _freedom(rows.shape[1], correction)
    return (rounded(np.ldexp(dx, k), rows.dtype).reshape(np.shape(x)),)


def _both_ways(dy: np.ndarray, e) -> tuple[np.ndarray, np.ndarray]:
    """g and k with g_ij 2^(k_i) = (dy_ij + dy_ji) 2^(e_j), each row of g at most 2: its products with rows of order one, whose
    exponents are e, neither overflow nor lose digits.
    """
    size = np.maximum(np.abs(dy), np.abs(dy.T))
    k = np.max(np.where(size > 0, np.frexp(size)[1] + e, -5000), axis=1, keepdims=True, initial=-5000)
    return np.ldexp(dy, e - k) + np.ldexp(dy.T, e - k), k


BLOCK = 32
"""Products that the BLAS adds one after the other."""


def _product(a: np.ndarray, b: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The matrix product a b, whose rounding error grows like log2 of the number of terms where `dtype` is float64.

    The BLAS adds one product after the other.  After rounding to a narrower dtype that is invisible for millions of terms.
    """
    n = a.shape[1]
    if n <= BLOCK or dtype != np.float64:
        return a @ b
    half = -(-n // (2 * BLOCK)) * BLOCK
    return _product(a[:, :half], b[:half], dtype) + _product(a[:, half:], b[half:], dtype)


def _pairs(v: int) -> tuple[int, ...]:
    """The shape of a matrix with one entry for each pair of v variables; that of one variable is a number."""
    return () if v == 1 else (v, v)


def _unit_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z, s and e: the centred rows divided by their length s 2^e."""
    d, e = _centered(rows, (1,))
    s = np.sqrt(total(d * d, (1,)))
    d /= s
    return d, s, e


@np.errstate(all="ignore")
def corrcoef(x):
    r"""The matrix of Pearson's correlation coefficients of the rows of `x`.

    .. math:: y_{ij} = \sum_k z_{ik} z_{jk}, \qquad z_i = \frac{x_i - \bar x_i}{\lVert x_i - \bar x_i \rVert}

    Dividing each centred row by its length before multiplying keeps every intermediate between -1 and 1 at any scale of the
    data, where covariances would overflow.  The diagonal is set to exactly 1, and rounding beyond ±1 is clipped.

    x: (V, N) or (N,); y: (V, V), or 0-d for one variable, as in PyTorch; dtype of x (integers: float64).
    A constant row has no correlation: its row and column are nan, its diagonal entry too.

    Raises ValueError for more than two dimensions.

    Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance, The American Statistician 37 (1983).

    >>> corrcoef([[1.0, 2.0, 3.0], [2e200, 0.0, -2e200]])
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    rows = _matrix(x, "corrcoef")
    z, _, _ = _unit_rows(rows)
    y = np.clip(_product(z, z.T, rows.dtype), -1.0, 1.0) if rows.shape[1] else np.full((len(z), len(z)), np.nan)
    diagonal = np.diagonal(y)
    np.fill_diagonal(y, np.where(np.isnan(diagonal), diagonal, 1.0))
    return rounded(y.reshape(_pairs(len(rows))), rows.dtype)


@np.errstate(all="ignore")
def corrcoef_backward(grad_output, x):
    r"""The gradient of `corrcoef`.

    y = Z Z^T off the diagonal, which is constant: with G's diagonal set to zero the cotangent of z_i is
    w_i = sum_j (G_ij + G_ji) z_j.  Normalising, z = d/|d|, has the derivative (I - z z^T)/|d|: only the part of w across z
    counts.  Hence dx_i = (w_i - (w_i . z_i) z_i) / |d_i|, centred already because w_i and z_i are.

    >>> dx, = corrcoef_backward(np.eye(2)[::-1], np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]]))
    >>> dx.round(6) + 0.0
    array([[-0.5,  1. , -0.5],
           [-0.5, -0.5,  1. ]])
    """
    rows = _matrix(x, "corrcoef_backward")
    v = rows.shape[0]
    dy = as_float(grad_output, "grad_output").astype(np.float64, copy=False)
    if dy.shape != _pairs(v):
        raise ValueError(f"grad_output has shape {dy.shape}, but corrcoef of {v} variables has one entry for each pair.")
    z, s, e = _unit_rows(rows)
    g, k = _both_ways(dy.reshape(v, v), 0)
    np.fill_diagonal(g, 0.0)
    w = _product(g, z, rows.dtype)
    w -= total(w * z, (1,)) * z
    w /= s
    return (rounded(np.ldexp(w, k - e), rows.dtype).reshape(np.shape(x)),)
