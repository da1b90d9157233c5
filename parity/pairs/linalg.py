"""Linear algebra: matrices that are ordinary, badly scaled, nearly singular and singular."""

from __future__ import annotations

import numpy as np

from parity import hostile as h
from parity.kinds import Factor, Kind
from parity.pair import Pair, along, with_shapes

NO_HALF = {
    ("torch", "float16", "*"): "torch has no linear algebra in float16",
    ("torch", "bfloat16", "*"): "torch has no linear algebra in bfloat16",
}


# -- matrices ----------------------------------------------------------------------------------------------------------
def _diagonal(shape, values) -> np.ndarray:
    """A batch of matrices of zeros with these values on the diagonal."""
    return np.broadcast_to(np.eye(shape[-1]) * values, shape).copy()


def _grid(shape, scale):
    """2^(whole numbers from -scale to scale) along the last axis, the larger ones in the middle."""
    k = np.arange(shape[-1])
    return 2.0 ** np.rint(scale * np.cos(3.0 * k + 1))


def small_pivot(shape, fmt, rng):
    """A first entry that elimination must not divide by."""
    a = h.bell(shape, rng)
    a[..., 0, 0] = fmt.u / 8
    return a


def zero_diagonal(shape, fmt, rng):
    """No entry of the diagonal is a pivot, yet the matrix is regular."""
    a = h.bell(shape, rng)
    return a * (1 - np.eye(shape[-1])) if shape[-1] > 1 else a


def zero_second_pivot(shape, fmt, rng):
    """The second row begins as twice the first: its pivot is 0 after the first step, exactly."""
    a = np.rint(4 * h.bell(shape, rng)) / 4 + 2 * np.eye(shape[-1])
    if shape[-1] > 2:
        a[..., 1, :3] = 2 * a[..., 0, :3]
        a[..., 1, 2] += 1.0
    return a


def uneven_rows(shape, fmt, rng):
    """Equations written in very different units."""
    return h.bell(shape, rng) * _grid(shape, fmt.max_exponent // 3)[:, None]


def uneven_columns(shape, fmt, rng):
    """Unknowns measured in very different units."""
    return h.bell(shape, rng) * _grid(shape, fmt.max_exponent // 3)


def uneven_entries(shape, fmt, rng):
    """Large and small entries without any order."""
    return np.ldexp(h.bell(shape, rng), rng.integers(-fmt.precision // 2, fmt.precision // 2 + 1, size=shape))


def one_huge_column(shape, fmt, rng):
    """A last column that dwarfs the rest: pivoting alone is unstable here."""
    a = h.bell(shape, rng)
    a[..., :-1, -1] *= 2.0 ** (fmt.precision // 2)
    return a


def hilbert(shape, fmt, rng):
    """1/(i + j + 1): the classic ill-conditioned matrix."""
    k = np.arange(shape[-1])
    return np.broadcast_to(1.0 / (k[:, None] + k + 1), shape).copy()


def growth(shape, fmt, rng):
    """Wilkinson's matrix, on which partial pivoting lets entries grow like 2^n."""
    a = np.eye(shape[-1]) - np.tril(np.ones(shape[-2:]), -1)
    a[:, -1] = 1.0
    return np.broadcast_to(a, shape).copy()


def permuted(shape, fmt, rng):
    """A permutation with signs: nothing but zeros and ones to find pivots among."""
    n = shape[-1]
    return np.broadcast_to(np.roll(np.eye(n), 1, axis=0) * np.where(np.arange(n) % 2, -1.0, 1.0), shape).copy()


def tiny_matrix(shape, fmt, rng):
    """Entries whose product underflows."""
    return h.bell(shape, rng) * 2.0 ** -(3 * fmt.max_exponent // 4)


def huge_matrix(shape, fmt, rng):
    """Entries whose product overflows."""
    return h.bell(shape, rng) * 2.0 ** (3 * fmt.max_exponent // 4)


def unit_determinant(shape, fmt, rng):
    """Huge and tiny factors whose product is near one: a sum of logarithms cancels."""
    n = shape[-1]
    powers = 2.0 ** (np.where(np.arange(n) % 2, -1.0, 1.0) * (fmt.max_exponent // 2) * (np.arange(n) < n // 2 * 2))
    return _diagonal(shape, powers) * (1 + 8 * fmt.eps) + np.triu(h.bell(shape, rng), 1) * 0.5


def _dependent_rows(shape, rng):
    """The last row is the sum of the others, exactly: entries are quarters."""
    a = np.rint(4 * h.bell(shape, rng)) / 4
    a[..., -1, :] = a[..., :-1, :].sum(axis=-2)
    return a


def nearly_singular(shape, fmt, rng):
    """Two thirds of the digits away from singular."""
    a = _dependent_rows(shape, rng)
    a[..., -1, -1] += 2.0 ** -(2 * fmt.precision // 3 - 1)
    return a


def barely_regular(shape, fmt, rng):
    """[[1, 1], [1, 1 + eps]] along the diagonal: the determinant is eps to a power."""
    n = shape[-1]
    a = np.eye(n)
    for i in range(0, n - 1, 2):
        a[i : i + 2, i : i + 2] = [[1.0, 1.0], [1.0, 1.0 + fmt.eps]]
    return np.broadcast_to(a, shape).copy()


def singular(shape, fmt, rng):
    """Linearly dependent rows of quarters: the determinant is 0, rounding says otherwise."""
    return _dependent_rows(shape, rng)


def counting(shape, fmt, rng):
    """1, 2, 3, ... row by row: singular from 3 x 3 on."""
    n = shape[-1]
    return np.broadcast_to(np.arange(1.0, n * n + 1).reshape(n, n), shape).copy()


def zero_row(shape, fmt, rng):
    """A matrix with a row of zeros."""
    a = h.bell(shape, rng)
    a[..., -1, :] = 0.0
    return a


REGULAR = {m.__name__: m for m in (
    small_pivot, uneven_rows, uneven_columns, uneven_entries, one_huge_column, hilbert, growth, permuted, tiny_matrix,
    huge_matrix, unit_determinant, nearly_singular, h.one_nan, zero_diagonal, zero_second_pivot,
)}  # fmt: skip
SINGULAR = {m.__name__: m for m in (barely_regular, singular, counting, zero_row, h.signed_zeros)}


def Matrix(name="a", shape=(2, 3, 3)) -> Kind:
    """Regular square matrices.  Infinities are left out: a system with an infinite coefficient has no answer to judge."""
    return Kind(name, shape, lambda s, f, r: h.bell(s, r), REGULAR, repeats=False)


# -- torch and SciPy ---------------------------------------------------------------------------------------------------
def _refuse_half(a) -> None:
    """torch takes 16-bit matrices only when they are empty; that counts as the gap it is."""
    if a.element_size() == 2:
        raise NotImplementedError("torch has no linear algebra in 16 bits")


def _torch_solve(a, b):
    import torch

    _refuse_half(a)
    return torch.linalg.solve(a, b)


def _torch_slogdet(a):
    import torch

    _refuse_half(a)
    return tuple(torch.linalg.slogdet(a))


def _scipy_solve(a, b):
    """SciPy reads a batch of vectors as a matrix, and refuses nan unless it is told not to look."""
    import scipy.linalg

    if b.ndim == 1 or b.shape != a.shape[:-1]:
        return scipy.linalg.solve(a, b, check_finite=False)
    return scipy.linalg.solve(a, b[..., None], check_finite=False)[..., 0]


PAIRS = (
    Pair(
        "linalg.solve",
        (
            Matrix(),
            Factor("b", (2, 3, 2))
            .but("one_inf")
            .also(mixed=lambda s, f, r: np.ldexp(h.bell(s, r), r.integers(-9, 10, size=s))),
        ),
        torch=_torch_solve,
        scipy=_scipy_solve,
        without=NO_HALF,
        variants=(
            with_shapes("vector", condition="no batch axis", a=(3, 3), b=(3,)),
            with_shapes("vectors", condition="other ranks", a=(2, 3, 3), b=(2, 3)),
            with_shapes("one_unknown", a=(2, 1, 1), b=(2, 1, 3)),
            with_shapes("two_unknowns", condition="no batch axis", a=(2, 2), b=(2, 1)),
            with_shapes("four_unknowns", condition="no batch axis", a=(4, 4), b=(4, 1)),
            with_shapes("five_unknowns", condition="no batch axis", a=(5, 5), b=(5,)),
            with_shapes("matrix_broadcast", condition="broadcasting", a=(2, 2), b=(3, 2, 2)),
            with_shapes("right_broadcast", condition="broadcasting", a=(2, 3, 2, 2), b=(3, 2, 1)),
            with_shapes("both_broadcast", condition="broadcasting", a=(2, 1, 2, 2), b=(1, 3, 2, 1)),
            with_shapes("no_unknowns", condition="empty arrays", a=(2, 0, 0), b=(2, 0, 3)),
            with_shapes("no_columns", condition="empty arrays", a=(2, 2), b=(2, 0)),
            with_shapes("no_systems", condition="empty arrays", a=(0, 2, 2), b=(0, 2, 1)),
        ),
        longest=130,
        axes=(
            along(a=("n", 2, 2), b=("n", 2, 1)),
            along(a=(1, 2, 2), b=(1, 2, "n")),
            along(a=("n", "n"), b=("n", 1)),
        ),
    ),
    Pair(
        "linalg.slogdet",
        (Matrix().also(**SINGULAR),),
        torch=_torch_slogdet,
        spans_range=True,  # the logarithm is there because determinants overflow
        without=NO_HALF,
        variants=(
            with_shapes("one_matrix", condition="no batch axis", a=(3, 3)),
            with_shapes("one_by_one", a=(3, 1, 1)),
            with_shapes("two_by_two", condition="several batch axes", a=(2, 2, 2, 2)),
            with_shapes("four_by_four", a=(2, 4, 4)),
            with_shapes("six_by_six", condition="no batch axis", a=(6, 6)),
            with_shapes("zero_by_zero", condition="empty arrays", a=(2, 0, 0)),
            with_shapes("no_matrices", condition="empty arrays", a=(0, 3, 3)),
        ),
        longest=130,
        axes=(
            along(a=("n", 2, 2)),
            along(a=("n", "n")),
        ),
    ),
)
