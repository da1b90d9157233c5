"""Order statistics: sorting, the k largest, the median, quantiles and counts between edges.

Everything here chooses entries by comparing them; only `quantile` computes.  nan is larger than every number, as in PyTorch:
last in ascending order, first in descending order, and the median and every quantile of a row that has one.
"""

from __future__ import annotations

import fractions

import numpy as np

from npimpl._precision import as_float, rounded, widen
from npimpl.reductions._rows import as_number, comparable, cotangent, one_axis, refuse_empty

__all__ = [
    "argsort", "histogram", "median", "median_backward", "quantile", "quantile_backward", "sort", "sort_backward", "topk",
    "topk_backward",
]  # fmt: skip


def _ordering(x: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """The stable permutation along `axis`; descending: the mirror image of the stable ascending order of the mirror image."""
    keys = comparable(x)
    if not descending:
        return np.argsort(keys, axis=axis, stable=True).astype(np.int64, copy=False)
    mirrored = np.argsort(np.flip(keys, axis), axis=axis, stable=True)
    return np.ascontiguousarray(x.shape[axis] - 1 - np.flip(mirrored, axis)).astype(np.int64, copy=False)


def _values_only(grad_output):
    """The cotangent of the values, where a cotangent for the indices comes with it."""
    return grad_output[0] if isinstance(grad_output, tuple) else grad_output


def _scatter(dy: np.ndarray, index: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    """Zeros in the shape of x with `dy` at `index` along `axis`: the transpose of taking along the axis."""
    dx = np.zeros(x.shape)
    np.put_along_axis(dx, index, dy, axis)
    return rounded(dx, x.dtype)


@np.errstate(all="ignore")
def sort(x, axis=-1, descending=False, stable=True):
    r"""The entries along one axis in order, and where each came from.

    .. math:: y_k = x_{\pi(k)}, \qquad y_1 \le y_2 \le \dots \le y_n

    Entries move, they are not computed: every bit survives, signs of zeros included.  Equal entries (0 and -0, several nans)
    keep the order they had, in descending order too.

    x: any shape; (y, pi): both that shape; y of x's dtype (integers and booleans too), pi int64.  nan comes last, and first if
    `descending`.  `stable` is accepted for PyTorch's sake: the order is always stable.

    Raises AxisError (a ValueError) for an axis that does not exist, TypeError if `axis` is not an integer.

    Source: Knuth, The Art of Computer Programming, vol. 3, chapter 5.

    >>> y, pi = sort([3.0, 1.0, 3.0, 2.0], descending=True)
    >>> y.tolist(), pi.tolist()
    ([3.0, 3.0, 2.0, 1.0], [0, 2, 3, 1])
    """
    x = as_number(x)
    axis = one_axis(x, axis, "sort")
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    pi = _ordering(x, axis, descending)
    return np.take_along_axis(x, pi, axis), pi


@np.errstate(all="ignore")
def sort_backward(grad_output, x, axis=-1, descending=False, stable=True):
    r"""The gradient of `sort`.

    Element derivative: dy_k/dx_i = [i = pi(k)], a permutation matrix.  Its transpose sends every cotangent back to where
    its entry came from: dx_{pi(k)} = dy_k.

    `grad_output` is the cotangent of the values, or a pair whose second part (for the indices) is ignored.

    >>> sort_backward(np.array([1.0, 2.0, 3.0]), np.array([30.0, 10.0, 20.0]))
    (array([3., 1., 2.]),)
    """
    x = as_float(x)
    axis = one_axis(x, axis, "sort_backward")
    dy = cotangent(_values_only(grad_output), x, (), False)
    if x.ndim == 0:
        return (rounded(dy, x.dtype).copy(),)
    return (_scatter(dy, _ordering(x, axis, descending), x, axis),)


@np.errstate(all="ignore")
def argsort(x, axis=-1, descending=False, stable=True):
    r"""The permutation that sorts the entries along one axis.

    .. math:: x_{\pi(1)} \le x_{\pi(2)} \le \dots \le x_{\pi(n)}

    The stable one of all such permutations: equal entries in the order they had.

    x: any shape; pi: int64, that shape.  nan as in `sort`.  Not differentiable.

    Raises AxisError (a ValueError) for an axis that does not exist, TypeError if `axis` is not an integer.

    Source: Knuth, The Art of Computer Programming, vol. 3, chapter 5.

    >>> argsort([3.0, 1.0, 3.0, 2.0]).tolist()
    [1, 3, 0, 2]
    """
    return sort(x, axis, descending, stable)[1]


@np.errstate(all="ignore")
def topk(x, k, axis=-1, largest=True):
    r"""The k largest (or smallest) entries along one axis, in order, and where they are.

    .. math:: y_r = x_{\pi(r)}, \qquad r = 1 \dots k, \qquad x_{\pi(1)} \ge x_{\pi(2)} \ge \dots \ge x_{\pi(n)}

    The head of the stable sort, so among equal entries the first are taken (PyTorch does not document which).

    x: (…, n, …); (y, pi): (…, k, …); y of x's dtype (integers too), pi int64.  nan counts as the largest.

    Raises ValueError unless 0 <= k <= n, AxisError for a missing axis, TypeError for an `axis` or k not an integer.

    Source: Knuth, The Art of Computer Programming, vol. 3, section 5.3.3.

    >>> y, pi = topk([1.0, 9.0, 4.0, 9.0], 3)
    >>> y.tolist(), pi.tolist()
    ([9.0, 9.0, 4.0], [1, 3, 2])
    """
    x = as_number(x)
    axis = one_axis(x, axis, "topk")
    pi = _head(x, k, axis, largest)
    return (x.copy(), pi) if x.ndim == 0 else (np.take_along_axis(x, pi, axis), pi)


def _head(x: np.ndarray, k: int, axis: int, largest: bool) -> np.ndarray:
    n = x.shape[axis] if x.ndim else 1
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise TypeError(f"topk got k={k!r}, but counts entries; give an integer from 0 to {n}.")
    if not 0 <= k <= n:
        raise ValueError(f"topk got k={k}, but the axis has {n} entries; give 0 <= k <= {n}.")
    if x.ndim == 0:
        return np.zeros((), np.int64)
    head = (slice(None),) * axis + (slice(0, int(k)),)
    return np.ascontiguousarray(_ordering(x, axis, bool(largest))[head])


@np.errstate(all="ignore")
def topk_backward(grad_output, x, k, axis=-1, largest=True):
    r"""The gradient of `topk`.

    Element derivative: dy_r/dx_i = [i = pi(r)].  Hence dx_{pi(r)} = dy_r, and 0 for the entries that were not taken.

    `grad_output` is the cotangent of the values, or a pair whose second part (for the indices) is ignored.

    >>> topk_backward(np.array([1.0, 2.0]), np.array([5.0, 9.0, 7.0]), 2)
    (array([0., 1., 2.]),)
    """
    x = as_float(x)
    axis = one_axis(x, axis, "topk_backward")
    pi = _head(x, k, axis, largest)
    dy = as_float(_values_only(grad_output), "grad_output").astype(np.float64, copy=False)
    if dy.shape != pi.shape:
        raise ValueError(f"grad_output has shape {dy.shape}, but the values have shape {pi.shape}; give one entry per value.")
    return (rounded(dy, x.dtype).copy() if x.ndim == 0 else _scatter(dy, pi, x, axis),)


@np.errstate(all="ignore")
def median(x, axis):
    r"""The lower median along one axis, and where it is first found.

    .. math:: y = x_{(\lfloor (n + 1) / 2 \rfloor)}, \qquad j = \min \{ i : x_i = y \}

    Of an even number of entries the lower of the two in the middle is taken, as in PyTorch (NumPy averages them), so the median
    is always an entry.  A partition finds it in linear time.

    x: any shape; (y, j): that shape without `axis`; y of x's dtype (integers too), j int64.  A row with a nan has the
    median nan.  PyTorch does not document which of several equal entries it names; here it is the first.

    Raises ValueError for an empty axis, AxisError for one that does not exist, TypeError if `axis` is not an integer.

    Source: Hoare, Algorithm 65: Find, Communications of the ACM 4 (1961).

    >>> y, j = median([[4.0, 1.0, 3.0, 2.0]], axis=1)
    >>> y.tolist(), j.tolist()
    ([2.0], [3])
    """
    x = as_number(x)
    axis = one_axis(x, axis, "median")
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    j = _middle(x, axis)
    return np.take_along_axis(x, np.expand_dims(j, axis), axis).squeeze(axis), j


def _middle(x: np.ndarray, axis: int) -> np.ndarray:
    """The first index of the lower median, or of the first nan."""
    n = x.shape[axis]
    refuse_empty("median", n, x.shape)
    w = np.moveaxis(comparable(x), axis, -1)
    middle = np.partition(w, (n - 1) // 2, axis=-1)[..., (n - 1) // 2, None]
    missing = np.isnan(w)
    return np.argmax(np.where(missing.any(-1, keepdims=True), missing, w == middle), axis=-1).astype(np.int64, copy=False)


@np.errstate(all="ignore")
def median_backward(grad_output, x, axis):
    r"""The gradient of `median`.

    Element derivative: dy/dx_i = [i = j].  Hence dx_j = dy and 0 elsewhere; of equal entries the first gets it all.

    `grad_output` is the cotangent of the values, or a pair whose second part (for the indices) is ignored.

    >>> median_backward(np.array(5.0), np.array([3.0, 1.0, 2.0]), axis=0)
    (array([0., 0., 5.]),)
    """
    x = as_float(x)
    axis = one_axis(x, axis, "median_backward")
    dy = cotangent(_values_only(grad_output), x, (axis,) if x.ndim else (), False)
    if x.ndim == 0:
        return (rounded(dy, x.dtype).copy(),)
    return (_scatter(dy, np.expand_dims(_middle(x, axis), axis), x, axis),)


def _neighbours(q, n: int, interpolation: str):
    """For each q: the ranks lo, hi of the two entries around q (n - 1), and the weight of hi."""
    rank = np.asarray(q, np.float64) * (n - 1)
    lo, hi = np.floor(rank), np.ceil(rank)
    if interpolation == "linear":
        w = rank - lo
    elif interpolation == "midpoint":
        w = np.where(lo == hi, 0.0, 0.5)
    elif interpolation in {"lower", "higher", "nearest"}:
        lo = hi = {"lower": lo, "higher": hi, "nearest": np.rint(rank)}[interpolation]
        w = np.zeros_like(rank)
    else:
        allowed = "linear, lower, higher, midpoint or nearest"
        raise ValueError(f"interpolation is {interpolation!r}, but must be one of {allowed}.")
    return lo.astype(np.int64), hi.astype(np.int64), w


def _quantile_rows(x: np.ndarray, q, axis):
    """Rows (axis last) to take quantiles of, and q checked."""
    q = np.asarray(q, np.float64)
    if q.ndim > 1 or not np.all((q >= 0) & (q <= 1)):
        raise ValueError(f"q is {q.tolist()}, but must be one number or a list of numbers between 0 and 1.")
    rows = np.atleast_1d(x.reshape(-1) if axis is None else np.moveaxis(np.atleast_1d(x), one_axis(x, axis, "quantile"), -1))
    refuse_empty("quantile", rows.shape[-1], x.shape)
    return rows, q


def _quantile_shape(x: np.ndarray, q: np.ndarray, axis, keepdims: bool) -> tuple[int, ...]:
    along = None if axis is None or x.ndim == 0 else one_axis(x, axis, "quantile")
    rest = [1 if along is None or i == along else m for i, m in enumerate(x.shape)]
    if not keepdims:
        rest = [] if along is None else [m for i, m in enumerate(x.shape) if i != along]
    return (*q.shape, *rest)


@np.errstate(all="ignore")
def quantile(x, q, axis=None, keepdims=False, interpolation="linear"):
    r"""The q-quantiles along one axis or of all entries: numbers that a share q of the entries lies below.

    .. math:: y = (1 - w) x_{(\lfloor r \rfloor)} + w x_{(\lceil r \rceil)}, \qquad r = q (n - 1),
              \quad w = r - \lfloor r \rfloor

    with the entries in ascending order and counted from 0.  `interpolation` chooses w: "linear" as above, "midpoint" 1/2,
    "lower" and "higher" one of the two entries, "nearest" the one nearer to r (halves to the even rank).  The convex
    combination cannot overflow as x_lo + w (x_hi - x_lo) can; equal neighbours and whole ranks give the entry itself.
    The rank is the float64 product q (n - 1) in every dtype.

    x: any shape; q: a number or a list of Q numbers; y: x's shape without `axis` (length 1 if `keepdims`), with Q in front
    if q is a list; dtype of x (integers: float64).  A row with a nan gives nan.

    Raises ValueError for q outside [0, 1], an unknown interpolation or no entries, AxisError for an axis that does not exist.

    Source: Hyndman and Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996), definition 7.

    >>> quantile([1.0, 2.0, 4.0, 8.0], [0.25, 0.5])
    array([1.75, 3.  ])
    """
    x = as_float(x)
    rows, q = _quantile_rows(x, q, axis)
    (w64,), dtype = widen(rows)
    lo, hi, w = _neighbours(q, rows.shape[-1], interpolation)
    ordered = np.sort(w64, axis=-1)
    a, b = np.take(ordered, lo, axis=-1), np.take(ordered, hi, axis=-1)
    y = np.where((a == b) | (w == 0), a, (1 - w) * a + w * b)
    y = np.where(np.isnan(ordered[..., -1]).reshape(ordered.shape[:-1] + (1,) * q.ndim), np.nan, y)
    y = np.moveaxis(y, -1, 0) if q.ndim else y
    return rounded(y, dtype).reshape(_quantile_shape(x, q, axis, keepdims))


@np.errstate(all="ignore")
def quantile_backward(grad_output, x, q, axis=None, keepdims=False, interpolation="linear"):
    r"""The gradient of `quantile` with respect to x (q is not differentiated).

    Element derivative: dy/dx_i is 1 - w at the lower neighbour, w at the upper one, 0 elsewhere.  Hence each cotangent is
    split between two ranks, and the stable sort's permutation sends the ranks back to the entries.  In a row with a nan, y is
    the entry that sorts last, and it gets the whole cotangent.

    >>> quantile_backward(np.array(4.0), np.array([8.0, 1.0, 2.0, 4.0]), 0.25)
    (array([0., 1., 3., 0.]),)
    """
    x = as_float(x)
    rows, q = _quantile_rows(x, q, axis)
    shape = _quantile_shape(x, q, axis, keepdims)
    dy = as_float(grad_output, "grad_output").astype(np.float64, copy=False)
    if dy.shape != shape:
        raise ValueError(f"grad_output has shape {dy.shape}, but the result has shape {shape}; give one entry per result.")
    n, rest = rows.shape[-1], rows.shape[:-1]
    lo, hi, w = (np.atleast_1d(v) for v in _neighbours(q, n, interpolation))
    pi = _ordering(rows, rows.ndim - 1, False)
    missing = np.isnan(np.take_along_axis(comparable(rows), pi, -1)[..., -1])
    by_rank = np.zeros((n, *rest))
    for g, a, b, t in zip(dy.reshape(lo.size, *rest), lo, hi, w, strict=True):
        by_rank[a] += np.where(missing, 0.0, (1 - t) * g)
        by_rank[b] += np.where(missing, 0.0, t * g)
        by_rank[-1] += np.where(missing, g, 0.0)
    dx = np.zeros(rows.shape)
    np.put_along_axis(dx, pi, np.moveaxis(by_rank, 0, -1), -1)
    back = dx if axis is None or x.ndim == 0 else np.moveaxis(dx, -1, one_axis(x, axis, "quantile_backward"))
    return (rounded(back, x.dtype).reshape(x.shape),)


@np.errstate(all="ignore")
def histogram(x, bins, range):
    r"""How many entries fall between equally spaced edges.

    .. math:: h_k = \#\{ i : t_k \le x_i < t_{k+1} \}, \qquad t_k = a + k (b - a) / B, \quad k = 0 \dots B - 1

    with the last bin closed on the right.  The edges are rational numbers and are compared exactly: an entry is counted by
    the smallest float64 not below the edge.  Computing floor((x - a) B / (b - a)) in floats puts entries next to an edge into
    the wrong bin.

    x: any shape, seen as one list; bins: the number B >= 1; range: (a, b) with a <= b finite (a = b is widened to a - 1/2,
    a + 1/2); (h, t): (B,) and (B + 1,), both of x's dtype (integers: float64), as in PyTorch.  Entries outside
    [a, b] and nan are not counted.  Not differentiable.

    Raises ValueError for bins < 1 or a range that is not two finite numbers in order, TypeError if bins is not an integer.

    Source: the definition.

    >>> h, t = histogram([0.1, 0.3, 0.3, 1.0], bins=4, range=(0.0, 1.0))
    >>> h.tolist(), t.tolist()
    ([1.0, 2.0, 0.0, 1.0], [0.0, 0.25, 0.5, 0.75, 1.0])
    """
    x = as_float(x)
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)):
        raise TypeError(f"bins is {bins!r}, but must be the number of bins; give an integer >= 1.")
    if bins < 1 or np.shape(range) != (2,) or not np.all(np.isfinite(range)) or range[0] > range[1]:
        raise ValueError(f"histogram got bins={bins}, range={range!r}; give bins >= 1 and finite low <= high.")
    a, b = (fractions.Fraction(float(v)) for v in range)
    if a == b:
        a, b = a - fractions.Fraction(1, 2), b + fractions.Fraction(1, 2)
    exact = [a + k * (b - a) / int(bins) for k in np.arange(bins + 1).tolist()]
    edges = np.array([float(t) for t in exact])
    above = np.array([t if fractions.Fraction(t) >= e else np.nextafter(t, np.inf) for t, e in zip(edges, exact, strict=True)])
    w = x.astype(np.float64).reshape(-1)
    w = w[(w >= above[0]) & (w <= float(b))]
    k = np.minimum(np.searchsorted(above, w, side="right") - 1, bins - 1)
    return rounded(np.bincount(k, minlength=bins), x.dtype), rounded(edges, x.dtype)
