"""The reductions: npimpl <-> torch (and scipy.linalg.norm).

Which of several equal entries `median`, `topk`, `cummax` and `quantile` choose is documented by nobody, so it is judged only
where it is unique: `_first_of_ties` reads everyone's indices and gradients up to exchanging equal entries.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from parity.formats import FORMATS
from parity.hostile import bell, near
from parity.kinds import Data, Real
from parity.pair import TWO_BYTES, Pair, Structure, along, with_options, with_shapes

# -- hazards of its own ------------------------------------------------------------------------------------------------------


def all_largest(shape, fmt, rng):
    """Nothing but the largest number: the sum overflows, the mean does not."""
    return np.full(shape, fmt.max)


def coming_back(shape, fmt, rng):
    """Products and sums that overflow (or underflow) on the way and come back."""
    big = 2.0 ** (fmt.max_exponent - 1)
    return np.resize([big, 1.5 * big, 1 / big, 1.25 / big, 1 / big, 1 / big, big, 3.0], shape)


def there_and_back(shape, fmt, rng):
    """Partial sums that overflow and come back."""
    return np.resize([fmt.max, fmt.max, -fmt.max, -fmt.max / 2, -fmt.max / 4, 1.0, 2.0, 3.0], shape)


def one_zero(shape, fmt, rng):
    """One factor is zero: dividing by it fails, and only its own gradient is not zero."""
    x = 0.5 + rng.integers(0, 16, size=shape) / 8.0
    if x.ndim and x.size:
        x[..., x.shape[-1] // 2] = 0.0
    return x


def two_zeros(shape, fmt, rng):
    """Two factors are zero: every gradient of the product is."""
    x = one_zero(shape, fmt, rng)
    if x.ndim and x.size:
        x[..., 0] = 0.0
    return x


def zero_row(shape, fmt, rng):
    """One row of zeros: where a norm has its corner."""
    x = np.asarray(1.0 + rng.integers(0, 16, size=shape) / 8.0)
    x[(0,) * max(x.ndim - 1, 0)] = 0.0
    return x


def special_rows(shape, fmt, rng):
    """Rows with ties; if there are three, one has a nan, one both infinities, one nothing but zeros of both signs."""
    x = np.rint(bell(shape, rng) * 4.0) / 4.0
    if x.size and len(rows := x.reshape(-1, shape[-1] if shape else 1)) >= 3 <= rows.shape[1]:
        rows[0, 1], rows[1, 0], rows[1, 2] = np.nan, np.inf, -np.inf
        rows[2] = np.resize([0.0, -0.0], rows.shape[1])
    return x


def twins(shape, fmt, rng):
    """Rows that are multiples of each other: correlations of exactly 1 and -1."""
    row = rng.integers(-8, 9, size=shape[-1:]) / 4.0
    return np.resize([1.0, -0.5, 2.0], shape[:-1])[..., None] * row


def mixed_scales(shape, fmt, rng):
    """Rows of very different size in one matrix."""
    x = rng.integers(-64, 65, size=shape) / 16.0
    scales = 2.0 ** np.array([fmt.max_exponent // 2 - 4, 0, -(fmt.max_exponent // 2) + 4])
    return np.resize(scales, shape[:-1])[..., None] * x


# -- torch and SciPy ---------------------------------------------------------------------------------------------------------
def _torch(name: str):
    """torch's function with torch's names for the options; `axis=None` is torch's default."""

    def call(x, **options):
        from parity.references import RENAMED, resolve

        if options.get("axis", 0) is None:
            del options["axis"]
        return resolve(name)(x, **{RENAMED.get(k, k): v for k, v in options.items()})

    return call


def _torch_quantile(x, q, axis=None, keepdims=False, interpolation="linear"):
    import torch

    x = _hooked(x, axis)
    return torch.quantile(x, torch.as_tensor(q, dtype=x.dtype), dim=axis, keepdim=keepdims, interpolation=interpolation)


def _torch_histogram(x, bins, range):
    import torch

    return torch.histogram(x, bins, range=tuple(range))


def _scipy_norm(x, ord=2, axis=None, keepdims=False):
    """SciPy's own norm is that of one vector (with `axis` it is NumPy's, and two axes are a matrix): row by row, then."""
    from scipy import linalg

    axes = tuple(range(x.ndim)) if axis is None else tuple(a % max(x.ndim, 1) for a in np.atleast_1d(axis).tolist())
    kept = [m for i, m in enumerate(x.shape) if i not in axes]
    n = math.prod(x.shape) // max(math.prod(kept), 1)
    rows = np.moveaxis(x, axes[: x.ndim], range(x.ndim)[-len(axes) :]).reshape((*kept, n)) if x.ndim else x.reshape(1)
    y = np.empty(rows.shape[:-1], x.dtype)
    for row in np.ndindex(y.shape):
        y[row] = linalg.norm(rows[row], ord, check_finite=False)
    return y.reshape([1 if i in axes else m for i, m in enumerate(x.shape)]) if keepdims else y


# -- ties whose index nobody documents ---------------------------------------------------------------------------------------
def _first_equal(x, axis: int) -> np.ndarray:
    """For each entry the index of the first entry of its row that equals it (all nan are one)."""
    rows = np.moveaxis(np.asarray(x, np.float64), axis, -1)
    out = np.zeros(rows.shape, np.int64)
    for at in np.ndindex(rows.shape[:-1]):
        _, first, which = np.unique(rows[at], return_index=True, return_inverse=True)
        out[at] = first[which]
    return np.moveaxis(out, -1, axis)


def _exchanged(x, indices, axis: int, chosen_once: bool):
    """The indices with every entry replaced by the first one equal to it (and, where each is chosen once, the next, …)."""
    j = np.asarray(indices)
    if j.dtype.kind not in "iu" or j.ndim != x.ndim or j.size == 0 or j.min() < 0 or j.max() >= x.shape[axis]:
        return indices
    first = np.moveaxis(np.take_along_axis(_first_equal(x, axis), j, axis), axis, -1)
    if chosen_once:
        flat = np.moveaxis(j, axis, -1)
        if any(len(set(row)) < len(row) for row in flat.reshape(-1, flat.shape[-1]).tolist()):
            return indices
        rows = np.moveaxis(_first_equal(x, axis), axis, -1)
        for row in np.ndindex(first.shape[:-1]):
            places = {f: iter(np.flatnonzero(rows[row] == f).tolist()) for f in set(first[row].tolist())}
            first[row] = [next(places[f]) for f in first[row].tolist()]
    return np.moveaxis(first, -1, axis).astype(j.dtype)


def _gathered(dx, x, axis: int | None):
    """The gradient with equal entries' shares added up at the first of them: only that sum is unique."""
    d = np.asarray(dx)
    if axis is None and d.shape == x.shape:
        return _gathered(d.reshape(-1), x.reshape(-1), 0).reshape(x.shape)
    first = _first_equal(x, axis) if x.ndim else None
    if (
        first is None
        or d.shape != x.shape
        or (first == np.arange(x.shape[axis]).reshape([-1] + [1] * (x.ndim - 1 - axis))).all()
    ):
        return dx
    rows, places = np.moveaxis(d.astype(np.float64), axis, -1), np.moveaxis(first, axis, -1)
    out = np.zeros(rows.shape)
    for row in np.ndindex(rows.shape[:-1]):
        np.add.at(out[row], places[row], rows[row])
    return np.moveaxis(out, -1, axis).astype(d.dtype)


def _hooked(x, axis):
    """A tensor whose gradient is read that way."""
    import torch

    from parity.references import to_array

    if not x.requires_grad or x.ndim == 0:
        return x
    plain, x = to_array(x), x.clone()
    along = None if axis is None else axis % x.ndim
    x.register_hook(lambda g: torch.from_numpy(np.ascontiguousarray(_gathered(to_array(g.double()), plain, along))).to(g.dtype))
    return x


def _gradient_of_ties(fn, grad, arrays, options):
    """How `quantile` is called."""
    x, axis = arrays[0], options.get("axis")
    result = fn(*grad, *arrays, **options)
    if not grad or not isinstance(result, (tuple, list)) or x.ndim == 0:
        return result
    return (_gathered(result[0], x, axis if axis is None else axis % x.ndim), *result[1:])


def _first_of_ties(keeps_axis: bool, chosen_once: bool):
    """How `median`, `cummax` and `topk` are called."""

    def call(fn, grad, arrays, options):
        x, axis = arrays[0], options.get("axis", -1) % max(arrays[0].ndim, 1)
        result = fn(*grad, *arrays, **options)
        if not isinstance(result, (tuple, list)) or x.ndim == 0:
            return result
        if grad:
            return (_gathered(result[0], x, axis), *result[1:])
        if len(result) != 2:
            return result
        j = np.asarray(result[1]) if keeps_axis else np.expand_dims(np.asarray(result[1]), axis)
        j = _exchanged(x, j, axis, chosen_once)
        return result[0], j if keeps_axis else np.squeeze(j, axis)

    return call


def _torch_first_of_ties(name: str, keeps_axis: bool, chosen_once: bool):
    """torch's function with its indices, and by a hook its gradient, read up to exchanging equal entries."""

    def call(x, axis=-1, **options):
        import torch

        from parity.references import resolve, to_array

        plain, along = to_array(x), axis % max(x.ndim, 1)
        values, j = resolve(name)(_hooked(x, axis), dim=axis, **options)
        if x.ndim == 0:
            return values, j
        j = to_array(j) if keeps_axis else np.expand_dims(to_array(j), along)
        j = _exchanged(plain, j, along, chosen_once)
        return values, torch.from_numpy(np.array(j if keeps_axis else np.squeeze(j, along)))

    return call


# -- the rows ----------------------------------------------------------------------------------------------------------------
ALONG = (
    # the first variant is the one that meets `growing_ones`
    with_shapes("long_vector", {"axis": 0}, condition="no batch axis", x=(127,)),
    with_options(axis=0),
    with_shapes("axis=1_of_3d", {"axis": 1}, condition="several batch axes", x=(2, 5, 3)),
    with_shapes("no_rows", {"axis": 1}, condition="empty arrays", x=(0, 4)),
    with_shapes("vector", condition="no batch axis", x=(7,)),
    with_shapes("one_entry", condition="no batch axis", x=(1,)),
    with_shapes("single_number", condition="0-d arrays", x=()),
    with_shapes("long_row", x=(1, 200)),
    with_shapes("long_column", {"axis": 0}, x=(200, 1)),
)
"""Settings of an op along one axis."""
NOT_EMPTY = tuple(v for v in ALONG if v.name != "no_rows")
EMPTY = with_shapes("empty_rows", condition="empty arrays", x=(3, 0))
KEPT = (with_options(keepdims=True), with_options(axis=None).if_taken("axis=None"), with_options(axis=0, keepdims=True))
SEVERAL = (
    with_shapes("axis=(0,2)_of_3d", {"axis": (0, 2)}, x=(2, 3, 4)),
    with_shapes("axis=(-1,0)_of_3d", {"axis": (-1, 0), "keepdims": True}, x=(3, 2, 4)),
)
LAST = {"axis": -1}


def _row(name: str, *more, kind=None, torch=None, options=None, along=ALONG, **rest) -> Pair:
    """An op along the last axis, unless a variant says otherwise."""
    given = {**LAST, **(options or {})}
    torch = torch or _torch(f"torch.{name}")
    return Pair(f"reductions.{name}", (kind or Data("x"),), torch, options=given, variants=(*along, *more), **rest)


CORRECTIONS = (
    with_options(correction=0),
    with_options(correction=2),
    with_options(correction=0.5).if_taken("correction=0.5"),  # torch documents a whole number
    with_shapes("one_observation", {"correction": 0}, x=(3, 1)),
    with_shapes("two_observations", {"correction": 1}, x=(3, 2)),
)
FEW = (
    Structure("fewer_than_the_correction", {"x": (3, 1)}, {"correction": 2}),
    Structure("as_many_as_the_correction", {"x": (3, 2)}, {"correction": 2}),
)
PRODUCTS = Data("x").also(one_zero=one_zero, two_zeros=two_zeros, coming_back=coming_back)
SUMS = Data("x").also(all_largest=all_largest, there_and_back=there_and_back)
MOMENTS = Data("x").also(all_largest=all_largest, zero_row=zero_row)
SPECIAL = replace(Data("x"), ordinary=special_rows).also(plain=Data("x").ordinary, zero_row=zero_row)
"""Where every option must meet nan, infinities, ties and zeros, these are the ordinary values."""
PAIRS_OF_ROWS = MOMENTS.also(twins=twins, mixed_scales=mixed_scales)
MATRIX = (
    with_shapes("many_observations", x=(2, 60)),
    with_shapes("one_variable", x=(1, 9)),
    with_shapes("vector", condition="other ranks", x=(9,)),
    with_shapes("no_observations", condition="empty arrays", x=(2, 0)),
    with_shapes("many_variables", x=(5, 4)),
)
ORDERS = tuple(with_options(ord=p) for p in (1, 0, 3, 0.5, 1.5, -1, -2.5, float("inf"), float("-inf")))
INTERPOLATIONS = tuple(
    with_options(q=q, interpolation=i) for i in ("lower", "higher", "midpoint", "nearest") for q in (0.25, 0.6)
)
DESCENDING = (with_options(descending=True), with_options(axis=0, descending=True))
NO_HALF = "torch.quantile takes float32 and float64 only"

PAIRS = (
    _row("sum", EMPTY, *KEPT, *SEVERAL, kind=SUMS, longest=4097),
    _row("mean", EMPTY, *KEPT, *SEVERAL, kind=SUMS, longest=4097),
    _row("var", EMPTY, *KEPT, *SEVERAL, *CORRECTIONS, kind=MOMENTS, longest=4097, structures=FEW),
    _row("std", EMPTY, *KEPT, *SEVERAL, *CORRECTIONS, kind=MOMENTS, longest=4097, structures=FEW),
    _row("prod", EMPTY, *KEPT, kind=PRODUCTS, longest=4097),
    _row("amax", *KEPT, *SEVERAL, longest=TWO_BYTES),
    _row("amin", *KEPT, *SEVERAL, longest=TWO_BYTES),
    _row("argmax", *KEPT, differentiable=False, longest=TWO_BYTES),
    _row("argmin", *KEPT, differentiable=False, longest=TWO_BYTES),
    _row(
        "norm",
        *KEPT,
        *SEVERAL,
        EMPTY,
        *ORDERS,
        kind=SPECIAL,
        torch=_torch("torch.linalg.vector_norm"),
        scipy=_scipy_norm,
        spans_range=True,  # its scaling is what it has over sqrt(sum(x * x))
        longest=4097,
    ),
    _row("cumsum", EMPTY, kind=SUMS, longest=4097),
    _row("cumprod", EMPTY, kind=PRODUCTS, longest=4097),
    _row(
        "cummax",
        EMPTY,
        call=_first_of_ties(keeps_axis=True, chosen_once=False),
        torch=_torch_first_of_ties("torch.cummax", keeps_axis=True, chosen_once=False),
        longest=TWO_BYTES,
    ),
    _row(
        "median",
        with_shapes("odd", x=(2, 9)),
        call=_first_of_ties(keeps_axis=False, chosen_once=False),
        torch=_torch_first_of_ties("torch.median", keeps_axis=False, chosen_once=False),
        longest=1025,
    ),
    _row(
        "quantile",
        *KEPT,
        with_options(q=0.0),
        with_options(q=1.0),
        with_options(q=0.3),
        with_options(q=(0.25, 0.5, 0.75)).if_taken("q=(0.25,0.5,0.75)"),
        with_options(q=(0.1, 0.1), axis=0, keepdims=True).if_taken("q=(0.1,0.1)"),
        *INTERPOLATIONS,
        values={"q": (0.5,), "interpolation": ("nearest",)},  # between two of eight entries: half a rank
        structures=(Structure("half_a_rank", {"x": (3, 6)}, {"q": 0.5, "interpolation": "nearest"}),),
        options={"q": 0.4},
        kind=SPECIAL,
        along=NOT_EMPTY,  # torch.quantile refuses every empty array, even where no quantile is asked for
        call=_gradient_of_ties,
        torch=_torch_quantile,
        without={("torch", "float16", "*"): NO_HALF, ("torch", "bfloat16", "*"): NO_HALF},
        longest=300,
    ),
    Pair(
        "reductions.nan_to_num",
        (Real("x"),),
        _torch("torch.nan_to_num"),
        meaning={"posinf": lambda dtype: FORMATS[dtype].max, "neginf": lambda dtype: -FORMATS[dtype].max},
        variants=(
            with_options(nan=2.5),
            with_options(posinf=1000.0),
            with_options(neginf=-1000.0),
            with_options(nan=-1.0, posinf=3.0, neginf=4.0),
            with_shapes("matrix", x=(3, 4)),
            with_shapes("empty", condition="empty arrays", x=(0, 3)),
            with_shapes("single_number", condition="0-d arrays", x=()),
        ),
    ),
    Pair(
        "reductions.topk",
        (SPECIAL,),
        _torch_first_of_ties("torch.topk", keeps_axis=True, chosen_once=True),
        options={"k": 3},
        variants=(
            with_options(largest=False),
            with_options(k=1),
            with_options(k=8),
            with_options(k=0).if_taken("k=0"),
            with_options(k=2, axis=0),
            with_options(k=2, axis=0, largest=False),
            with_shapes("axis=1_of_3d", {"k": 4, "axis": 1}, condition="several batch axes", x=(2, 5, 3)),
            with_shapes("single_number", {"k": 1}, condition="0-d arrays", x=()),
            with_shapes("no_rows", condition="empty arrays", x=(0, 4)),
            with_shapes("long_row", {"k": 20}, x=(1, 100)),
        ),
        call=_first_of_ties(keeps_axis=True, chosen_once=True),
        axes=(
            along(x=("n", 3)),
            along(x=(2, "n+2"), longest=300),
        ),
        together=lambda o: o["k"] <= (3 if o.get("axis") == 0 else 8),
    ),
    _row("sort", EMPTY, *DESCENDING, options={"stable": True}, kind=SPECIAL, longest=TWO_BYTES),
    _row("argsort", EMPTY, *DESCENDING, options={"stable": True}, kind=SPECIAL, differentiable=False, longest=TWO_BYTES),
    Pair(
        "reductions.histogram",
        (Data("x", (4, 8)).also(at_the_edges=near([-2.0, -1.0, 0.0, 1.0, 2.0])),),
        _torch_histogram,
        options={"bins": 4, "range": (-2.0, 2.0)},
        variants=(
            with_options(bins=1),
            with_options(bins=7, range=(-1.0, 2.5)),
            with_options(bins=3, range=(0.0, 1.0)),
            with_options(range=(1.0, 1.0)).if_taken("range=(1.0,1.0)"),
            with_shapes("empty", condition="empty arrays", x=(0,)),
            with_shapes("single_number", condition="0-d arrays", x=()),
            with_shapes("vector", x=(50,)),
        ),
        differentiable=False,
    ),
    Pair(
        "reductions.cov",
        (PAIRS_OF_ROWS,),
        "torch.cov",
        variants=(with_shapes("long_rows", {"correction": 1}, x=(2, 61)), *MATRIX, *CORRECTIONS[:2]),
        axes=(
            along(x=("n", 3), longest=9),
            along(x=(2, "n")),
        ),
    ),
    Pair(
        "reductions.corrcoef",
        (PAIRS_OF_ROWS,),
        "torch.corrcoef",
        variants=MATRIX,
        axes=(
            along(x=("n", 3), longest=9),
            along(x=(2, "n")),
        ),
    ),
)
