"""Linear algebra: systems of equations and logarithms of determinants, in batches.

Everything is computed in float64, whatever the dtype, and rounded once.  Before a factorisation the matrix is
equilibrated: its rows and columns are multiplied by powers of two that bring their largest entries near 1.  That is
exact, keeps every intermediate far from overflow and underflow, and makes the choice of pivots independent of the units
in which the equations and the unknowns are written (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
section 9.8).
"""

from __future__ import annotations

import contextlib
from fractions import Fraction

import numpy as np

from npimpl._axes import sum_to_shape
from npimpl._precision import rounded, widen

__all__ = ["slogdet", "slogdet_backward", "solve", "solve_backward"]

SMALL = 32
"""Up to this size what is lost in rounding is computed again, exactly, in integers."""

NOISE = -40 * np.log(2.0)
"""Logarithm of the share of Hadamard's bound below which a determinant is called lost: 2^13 times the rounding unit."""

DOUBTFUL = 2.0**40
"""A solution of an equilibrated system with entries near 1 that is larger than this: the matrix may be singular."""

SHARE, SHARE_OF_NARROW = -5 * np.log(2.0), -30 * np.log(2.0)
"""The same below which elimination may be off by more than the rounding of the result, in float64 and narrower dtypes."""

ZERO_EXPONENT = -100_000
"""The exponent of zero, far below all others."""


@np.errstate(all="ignore")
def solve(a, b):
    """The solution of a square system of linear equations.

        sum_j a[i, j] x[j, k] = b[i, k]          that is  A X = B

    Gaussian elimination with partial pivoting on the equilibrated matrix, then one step of iterative refinement: with
    the residual R = B - A X the correction A D = R is solved and X + D returned.  Elimination alone may be unstable for
    rows of very uneven entries; refinement makes the error small element by element,

        |x - exact| <= c u |A^-1| |A| |x|

    which is what the uncertainty of A's last bits does to x anyway (Skeel, Iterative refinement implies numerical
    stability for Gaussian elimination, Math. Comp. 35, 1980).  Whether that was reached can be seen from the residual;
    where it was not, systems of up to 32 unknowns are solved again in integers, exactly.

    Shapes: a (..., n, n); b (..., n, k), or vectors (n,) or (..., n) with exactly the leading axes of a, as in
    torch; leading axes are broadcast.  x as b; dtype by promotion.  n = 0 gives an empty result.
    A nan or an infinity in a matrix, or in a column of b, makes the columns of x that depend on it nan.
    Raises numpy.linalg.LinAlgError (a ValueError) for a singular matrix (exactly so up to 32 unknowns, beyond that
    where a pivot of the elimination is zero), ValueError for shapes that do not fit.

    >>> solve(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([3.0, 4.0]))
    array([1., 1.])
    """
    (a, b), dtype = widen(a, b, names=("a", "b"))
    vector = _check_system(a, b)
    x = _solve(a, b[..., None] if vector else b)
    return rounded(x[..., 0] if vector else x, dtype)


@np.errstate(all="ignore")
def solve_backward(grad_output, a, b):
    """Backward of `solve`: one more system, with the transposed matrix.

    From A X = B, small changes obey dA X + A dX = dB, hence dX = A^-1 (dB - dA X).  The cotangent G of X gives

        <G, dX> = <A^-T G, dB> - <A^-T G X^T, dA>

    so  dB = A^-T G  and  dA = -dB X^T.  A^-1 is never formed; X is solved for again in float64 rather than taken
    from a rounded result.  Both are kept with their powers of two apart until the product is formed, which may be
    representable though a factor is not.  Axes along which a or b was broadcast are summed over.
    Returns (da, db), shaped and typed as a and b.  Raises as `solve`.

    >>> solve_backward(np.array([1.0, 0.0]), np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 4.0]))
    (array([[-0.5, -0.5],
           [-0. , -0. ]]), array([0.5, 0. ]))
    """
    dtypes = np.asarray(a).dtype, np.asarray(b).dtype
    (g, a, b), dtype = widen(grad_output, a, b, names=("grad_output", "a", "b"))
    vector = _check_system(a, b)
    g, columns = (g[..., None], b[..., None]) if vector else (g, b)
    x, sx, cx = _solve_scaled(a, columns)
    if g.shape != x.shape:
        raise ValueError(
            f"`grad_output` has shape {np.shape(grad_output)}, but must have the shape of the solution, {x.shape}."
        )
    db, sb, cb = _solve_scaled(np.swapaxes(a, -1, -2), g)
    s = (sx + sb).max(axis=-1, keepdims=True, initial=ZERO_EXPONENT)
    da = -np.ldexp(np.ldexp(db, sx + sb - s) @ np.swapaxes(x, -1, -2), s - cb - np.swapaxes(cx, -1, -2))
    db = np.ldexp(db, sb - cb)
    da, db = sum_to_shape(da, a.shape), sum_to_shape(db, columns.shape).reshape(b.shape)
    return rounded(da, _own(dtypes[0], dtype)), rounded(db, _own(dtypes[1], dtype))


@np.errstate(all="ignore")
def slogdet(a):
    """Sign and logarithm of the absolute value of a determinant.

        (sign, logabsdet) with  det A = sign exp(logabsdet)

    P A = L U by Gaussian elimination with partial pivoting gives det A = (-1)^(row exchanges) prod_i u_ii, and the logarithm
    of the product as the sum of log|u_ii|, which neither overflows nor underflows.  A sum cancels when large and small
    pivots meet (diag(1e200, 1e-200)); equilibration takes the large powers of two out first, and they are added as whole
    numbers.

    Elimination is off by about u times the product of the lengths of the columns, the largest determinant that columns of
    these lengths can have (Hadamard's inequality).  A determinant far below that is noise, and its sign a matter of luck:
    then, and where entries of very uneven size make elimination unstable, up to n = 32, it is computed anew in integers
    (Bareiss, Sylvester's identity and multistep
    integer-preserving Gaussian elimination, Math. Comp. 22, 1968), so that singular matrices are recognised and signs
    are right.

    Shapes: a (..., n, n) gives two arrays (...), dtype as a.  A singular matrix gives (0, -inf), n = 0 gives (1, 0),
    a nan or an infinity gives (nan, nan).
    Raises ValueError for a matrix that is not square.

    >>> sign, logabsdet = slogdet(np.array([[0.0, 1e200], [1e200, 0.0]]))
    >>> print(sign, round(float(logabsdet), 3))
    -1.0 921.034
    """
    (a,), dtype = widen(a, names=("a",))
    _check_square(a)
    sign, y = _log_determinant(a, SHARE if dtype == np.float64 else SHARE_OF_NARROW)
    return rounded(sign, dtype), rounded(y, dtype)


@np.errstate(all="ignore")
def slogdet_backward(grad_output, a):
    """Backward of `slogdet`: the transposed inverse.

    Jacobi's formula d det A = det A tr(A^-1 dA) gives d log|det A| = tr(A^-1 dA) = sum_ij (A^-1)_ji dA_ij; the
    sign is constant wherever it is differentiable.  With the cotangents (s, g) of sign and logabsdet

        dA = g A^-T

    and s does not matter.  A^-T is the solution of A^T Z = I, refined as in `solve`.  Where A is singular there is no
    derivative, and dA is nan.
    Shapes: s and g (...), dA as a, in a's dtype.  Raises as `slogdet`.

    >>> slogdet_backward((np.float64(0.0), np.float64(1.0)), np.array([[2.0, 1.0], [0.0, 4.0]]))
    (array([[ 0.5  ,  0.   ],
           [-0.125,  0.25 ]]),)
    """
    _, g = grad_output
    (g, a), _ = widen(g, a, names=("grad_output[1]", "a"))
    dtype = np.asarray(grad_output[1]).dtype
    _check_square(a)
    if g.shape != a.shape[:-2]:
        raise ValueError(
            f"`grad_output[1]` has shape {g.shape}, but logabsdet of {a.shape} has shape {a.shape[:-2]}; give that."
        )
    identity = np.eye(a.shape[-1])
    regular = (_log_determinant(a)[0] != 0)[..., None, None]
    inverse = _solve(np.where(regular, np.swapaxes(a, -1, -2), identity), identity)
    return (rounded(np.where(regular, g[..., None, None] * inverse, np.nan), dtype),)


# -- solving -----------------------------------------------------------------------------------------------------------
def _solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A X = B in float64."""
    y, size, column = _solve_scaled(a, b)
    return np.ldexp(y, size - column)


def _solve_scaled(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(Y, s, c) with A X = B for x_jk = y_jk 2^(s_k - c_j): equilibrated, solved, refined once, not scaled back."""
    row, column = _exponents(a)
    e = _exponent(b) - row[..., :, None]
    size = e.max(axis=-2, keepdims=True, initial=ZERO_EXPONENT)
    size = np.where(size < ZERO_EXPONENT // 2, 0, size)
    finite = np.isfinite(a).all(axis=(-1, -2))[..., None, None]
    scaled = np.where(finite, np.ldexp(a, -(row[..., :, None] + column[..., None, :])), np.eye(a.shape[-1]))
    right = np.ldexp(b, -(row[..., :, None] + size))
    lead = np.broadcast_shapes(scaled.shape[:-2], right.shape[:-2])
    right = np.broadcast_to(right, lead + right.shape[-2:])
    y = _eliminate_regular(scaled, right)
    correction = _eliminate(scaled, right - scaled @ y)
    y += np.where(np.isfinite(correction), correction, 0)
    known = finite & np.isfinite(b).all(axis=-2, keepdims=True)
    _repair(y, scaled, right, known)
    return np.where(known, y, np.nan), size, column[..., :, None]


def _repair(y, a, b, known) -> None:
    """Solve again, exactly, where a column of y does not solve a system within 32 u of every entry of A and B.

    The smallest such relative change of the data is max_i |B - A Y|_i / (|A| |Y| + |B|)_i (Oettli and Prager,
    Compatibility of approximate solution of linear equations with given error bounds, Numer. Math. 6, 1964).
    """
    if not 0 < a.shape[-1] <= SMALL:
        return
    wrong = ~(abs(b - a @ y) <= 32 * 2.0**-53 * (abs(a) @ abs(y) + abs(b)))
    a, b = np.broadcast_to(a, y.shape[:-1] + a.shape[-1:]), np.broadcast_to(b, y.shape)
    for i in map(tuple, np.argwhere((wrong & known).any(axis=(-1, -2)))):
        fit = np.broadcast_to(known, (*y.shape[:-2], 1, y.shape[-1]))[i][0]
        y[i][:, fit] = _solve_exactly(a[i], b[i][:, fit])


def _eliminate(a, b) -> np.ndarray:
    """The solutions of a batch.

    A pivot that is zero may only have been rounded to zero: small matrices then get nan, and are decided exactly by
    whoever asked; for large ones this raises.
    """
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        if a.shape[-1] > SMALL:
            raise np.linalg.LinAlgError(_singular(a.shape)) from None
    a = np.broadcast_to(a, b.shape[:-2] + a.shape[-2:])
    y = np.full(b.shape, np.nan)
    for i in np.ndindex(*b.shape[:-2]):
        with contextlib.suppress(np.linalg.LinAlgError):
            y[i] = np.linalg.solve(a[i], b[i])
    return y


def _eliminate_regular(a, b) -> np.ndarray:
    """The same; raises for a small singular matrix even where rounding makes elimination take it for a regular one.

    It is told by a further right-hand side, which fits no particular matrix: a solution beyond 2^40 (or nan) is doubtful.
    """
    n, columns = b.shape[-2:]
    if n > SMALL:
        return _eliminate(a, b)
    probe = np.broadcast_to(np.cos(np.arange(1.0, n + 1))[:, None], (*b.shape[:-1], 1))
    y = _eliminate(a, np.concatenate([b, probe], axis=-1))
    size = abs(y[..., columns])
    if not size.max(initial=0.0) <= DOUBTFUL:
        a = np.broadcast_to(a, b.shape[:-2] + a.shape[-2:])
        for i in map(tuple, np.argwhere(~(size <= DOUBTFUL).all(axis=-1))):
            if _triangular(_integers(a[i])[0]) == 0:
                raise np.linalg.LinAlgError(_singular(a.shape))
    return y[..., :columns]


def _singular(shape) -> str:
    return (
        f"`a` of shape {shape} is singular (or holds a singular matrix), so there is no unique solution; "
        "check it with `slogdet`, or solve a least-squares problem instead."
    )


def _exponent(x: np.ndarray) -> np.ndarray:
    """e with 2^(e-1) <= |x| < 2^e; far below everything for 0, and 0 for nan and infinities."""
    e = np.frexp(x)[1]
    return np.where(np.isfinite(x), np.where(x == 0, ZERO_EXPONENT, e), 0)


def _exponents(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exponents r, c for which the entries of 2^-r_i a_ij 2^-c_j are at most 1, and near 1 once in each row and column."""
    e = _exponent(a)
    row = e.max(axis=-1, initial=ZERO_EXPONENT)
    row = np.where(row == ZERO_EXPONENT, 0, row)
    column = (e - row[..., :, None]).max(axis=-2, initial=ZERO_EXPONENT)
    return row, np.where(column < ZERO_EXPONENT // 2, 0, column)


# -- determinants ------------------------------------------------------------------------------------------------------
def _log_determinant(a: np.ndarray, share: float = NOISE) -> tuple[np.ndarray, np.ndarray]:
    """(sign, log|det A|) in float64: elimination, and integers where elimination cannot tell the determinant from 0.

    Where the determinant is less than e^share of Hadamard's bound, integers also where elimination may be unstable.
    """
    row, column = _exponents(a)
    finite = np.isfinite(a).all(axis=(-1, -2))[..., None, None]
    scaled = np.where(finite, np.ldexp(a, -(row[..., :, None] + column[..., None, :])), np.nan)
    sign, y = (np.array(v) for v in np.linalg.slogdet(scaled))
    hadamard = np.log((scaled * scaled).sum(axis=-2)).sum(axis=-1) / 2
    power = row.sum(axis=-1) + column.sum(axis=-1)
    lost = np.asarray(y - hadamard <= NOISE)
    doubtful = np.asarray(~lost & (y - hadamard <= share))
    if a.shape[-1] <= SMALL and doubtful.any():
        lost[doubtful] = _is_unstable(scaled[doubtful], np.asarray(y + power * np.log(2.0))[doubtful])
    for i in map(tuple, np.argwhere(lost)) if a.shape[-1] <= SMALL else ():
        sign[i], y[i] = _exact_log_determinant(scaled[i])
    return np.where(np.isnan(y), np.nan, sign), y + power * np.log(2.0)


def _is_unstable(a: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether elimination is much worse than relative changes u of the entries, which move log|det A| = y by u times

        sum_ij |A^-1_ji| |A_ij|

    Elimination changes A_ij by u times the largest entry of column j, or a small multiple: large where entries are uneven.
    """
    inverse = abs(np.swapaxes(np.linalg.inv(a), -1, -2))
    entries = (inverse * abs(a)).sum(axis=(-1, -2))
    columns = (inverse * abs(a).max(axis=-2, keepdims=True)).sum(axis=(-1, -2))
    return columns > 4 * (entries + abs(y))


def _exact_log_determinant(a: np.ndarray) -> tuple[float, float]:
    """The same of one matrix in integers: nothing is rounded before the logarithm."""
    rows, unit = _integers(a)
    sign = _triangular(rows)
    if sign == 0:
        return 0.0, -np.inf
    det = rows[-1][-1]
    shift = max(det.bit_length() - 64, 0)
    m, e = np.frexp(float(abs(det) >> shift))
    e = int(e) + shift - len(rows) * (unit.bit_length() - 1)
    return float(sign if det > 0 else -sign), float(np.log(m) + e * np.log(2.0))


# -- exact elimination -------------------------------------------------------------------------------------------------
def _integers(a: np.ndarray) -> tuple[list[list[int]], int]:
    """The entries of a finite matrix times a common power of two that makes them whole, and that power."""
    ratios = [[x.as_integer_ratio() for x in row] for row in a.tolist()]
    unit = max(q for row in ratios for _, q in row)
    return [[p * (unit // q) for p, q in row] for row in ratios], unit


def _triangular(rows: list[list[int]]) -> int:
    """Fraction-free elimination in place; returns the sign of the row exchanges, or 0 for a singular matrix.

    Every division is exact, and the last diagonal entry is the determinant times that sign (Bareiss).
    """
    sign, previous, n = 1, 1, len(rows)
    for k in range(n):
        pivot = next((i for i in range(k, n) if rows[i][k]), None)
        if pivot is None:
            return 0
        if pivot != k:
            rows[k], rows[pivot], sign = rows[pivot], rows[k], -sign
        top = rows[k]
        for i in range(k + 1, n):
            rows[i] = [(x * top[k] - rows[i][k] * t) // previous for x, t in zip(rows[i], top, strict=True)]
        previous = top[k]
    return sign


def _solve_exactly(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A Y = B for one matrix, in integers and fractions, rounded once."""
    n = len(a)
    left, unit = _integers(a)
    right, divisor = _integers(b)
    rows = [x + y for x, y in zip(left, right, strict=True)]
    if _triangular(rows) == 0:
        raise np.linalg.LinAlgError(_singular(a.shape))
    y = np.empty((n, b.shape[1]), object)
    for i in reversed(range(n)):
        for k in range(b.shape[1]):
            y[i, k] = Fraction(rows[i][n + k] - sum(rows[i][j] * y[j, k] for j in range(i + 1, n)), rows[i][i])
    return np.array([[_nearest(v * unit / divisor) for v in row] for row in y.tolist()]).reshape(y.shape)


def _nearest(v: Fraction) -> float:
    """The float64 nearest to v, infinite beyond the largest."""
    try:
        return float(v)
    except OverflowError:
        return np.inf if v > 0 else -np.inf


# -- arguments ---------------------------------------------------------------------------------------------------------
def _check_square(a: np.ndarray) -> None:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"`a` has shape {a.shape}, but must be a square matrix or a batch of them, (..., n, n).")


def _check_system(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether b holds vectors rather than matrices; the shapes must fit."""
    _check_square(a)
    vector = b.ndim == 1 or b.shape == a.shape[:-1]
    rows = b.shape[-1:] if vector else b.shape[-2:-1]
    if rows != a.shape[-1:]:
        raise ValueError(
            f"`b` has shape {b.shape}, which does not fit `a` of shape {a.shape}; give (n,), (..., n) or (..., n, k)."
        )
    return vector


def _own(dtype: np.dtype, promoted: np.dtype) -> np.dtype:
    """The dtype of a gradient: that of its array, or the promoted one for an array of integers."""
    return promoted if dtype.kind in "iub" else dtype
