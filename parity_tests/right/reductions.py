"""Right reductions in other styles: exact rationals, Python loops, PyTorch wrapped, other choices among equal entries."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from parity_tests.candidates import Candidate


def _by_rows(f, x, axis, keepdims):
    """`f` of each row as a list of Python floats, put back in the shape of the reduction and the dtype of x."""
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % max(x.ndim, 1) for a in np.atleast_1d(axis).tolist())[: x.ndim]
    kept = [m for i, m in enumerate(x.shape) if i not in axes]
    n = math.prod(x.shape[a] for a in axes)
    rows = np.moveaxis(x, axes, range(x.ndim - len(axes), x.ndim)).reshape((*kept, n)).astype(np.float64)
    y = np.empty(kept)
    for row in np.ndindex(*kept):
        y[row] = f(rows[row].tolist())
    y = y.reshape([1 if i in axes else m for i, m in enumerate(x.shape)] if keepdims else kept)
    with np.errstate(all="ignore"):
        return y.astype(x.dtype)


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _exactly(f, otherwise):
    """`f` of the row as fractions if all of it is finite, else `otherwise` of the floats."""
    return lambda row: _float(f([Fraction(v) for v in row])) if all(map(math.isfinite, row)) else otherwise(row)


def rational_sum(x, axis=None, keepdims=False):
    return _by_rows(_exactly(lambda row: sum(row, Fraction(0)), sum), x, axis, keepdims)


def rational_mean(x, axis=None, keepdims=False):
    def mean(row):
        return sum(row, Fraction(0)) / len(row)

    return _by_rows(lambda row: _exactly(mean, sum)(row) if row else math.nan, x, axis, keepdims)


def rational_var(x, axis=None, correction=1, keepdims=False):
    def squares(row):
        mean = sum(row, Fraction(0)) / len(row)
        return sum(((v - mean) ** 2 for v in row), Fraction(0))

    def var(row):
        f = max(0.0, len(row) - correction)
        if not row or not all(map(math.isfinite, row)):
            return math.nan
        s = squares([Fraction(v) for v in row])
        return _float(s / Fraction(f)) if f else math.inf if s else math.nan

    return _by_rows(var, x, axis, keepdims)


def _scaled(row):
    """Integers in place of finite numbers, and the power of two that the product of all is to be multiplied by."""
    parts = [math.frexp(v) for v in row]
    return [int(math.ldexp(m, 53)) for m, _ in parts], sum(e - 53 for _, e in parts)


def _halves(part):
    """The product of integers, two halves at a time, so that long factors meet long ones; with that of each half."""
    if len(part) < 2:
        return math.prod(part), None, None
    left, right = (_halves(half) for half in (part[: len(part) // 2], part[len(part) // 2 :]))
    return left[0] * right[0], left, right


def _rounded(value, exponent):
    """value 2^exponent, rounded once (a quotient of integers is)."""
    try:
        return float(value << exponent) if exponent >= 0 else value / (1 << -exponent)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _exact_prod(row):
    if not all(map(math.isfinite, row)):
        return math.prod(row)
    values, exponent = _scaled(row)
    return _rounded(_halves(values)[0], exponent)


def rational_prod(x, axis=None, keepdims=False):
    return _by_rows(_exact_prod, x, axis, keepdims)


def _exact_others(row, cotangents):
    """The product of each cotangent and of all other factors: from the root of the halves down, times the other half."""
    values, exponent = _scaled(row)
    found = []

    def down(node, outside):
        if node[1] is None:
            found.append(outside)
            return
        down(node[1], outside * node[2][0])
        down(node[2], outside * node[1][0])

    if values:
        down(_halves(values), 1)
    exponents = [math.frexp(v)[1] - 53 for v in row]
    out = []
    for others, own, g in zip(found, exponents, cotangents, strict=True):
        (factor,), power = _scaled([g])
        out.append(_rounded(others * factor, exponent - own + power))
    return out


def others_by_loop(grad_output, x, axis=None, keepdims=False):
    """Each factor replaced by the cotangent, and the product taken exactly."""
    axes = tuple(range(x.ndim)) if axis is None else axis
    dy = grad_output if keepdims or x.ndim == 0 else np.expand_dims(grad_output, axes)
    wide, g = (a.reshape(-1) if axis is None else np.moveaxis(a, axis, -1) for a in (x, np.broadcast_to(dy, x.shape)))
    dx = np.empty(wide.shape)
    for at in np.ndindex(*wide.shape[:-1]):
        dx[at] = _others(wide[at].astype(np.float64).tolist(), g[at].astype(np.float64).tolist())
    with np.errstate(all="ignore"):
        return ((dx.reshape(x.shape) if axis is None else np.moveaxis(dx, -1, axis)).astype(x.dtype),)


def _others(row, cotangents):
    if all(map(math.isfinite, [*row, *cotangents])):
        return _exact_others(row, cotangents)
    return [_exact_prod([*row[:i], g, *row[i + 1 :]]) for i, g in enumerate(cotangents)]


def python_hypot(x, axis=None, keepdims=False):
    """Python's own hypot of any number of arguments is scaled and compensated (but finds inf more important than nan)."""
    return _by_rows(lambda row: math.nan if any(map(math.isnan, row)) else math.hypot(*row), x, axis, keepdims)


def sorted_amax(x, axis=None, keepdims=False):
    return _by_rows(lambda row: math.nan if any(map(math.isnan, row)) else sorted(row)[-1], x, axis, keepdims)


def sorted_amin(x, axis=None, keepdims=False):
    return _by_rows(lambda row: math.nan if any(map(math.isnan, row)) else sorted(row)[0], x, axis, keepdims)


def rational_cumsum(x, axis):
    def running(row):
        total, out = Fraction(0), []
        for k, v in enumerate(row):
            if not math.isfinite(v):
                return out + np.cumsum(row)[k:].tolist()
            total += Fraction(v)
            out.append(_float(total))
        return out

    rows = np.moveaxis(np.atleast_1d(x), axis, -1)
    y = np.empty(rows.shape)
    for row in np.ndindex(rows.shape[:-1]):
        y[row] = running(rows[row].astype(np.float64).tolist())
    with np.errstate(all="ignore"):
        return np.moveaxis(y, -1, axis).reshape(x.shape).astype(x.dtype)


def reversed_cumsum(grad_output, x, axis):
    return (np.flip(rational_cumsum(np.flip(np.atleast_1d(grad_output), axis), axis), axis).reshape(x.shape),)


def torch_argmax(x, axis=None, keepdims=False):
    """torch finds the first nan, else the first maximum."""
    import torch

    wide = torch.from_numpy(x.astype(np.float64))
    return torch.argmax(wide, dim=axis, keepdim=keepdims).numpy() if axis is not None else np.int64(torch.argmax(wide).item())


def last_median(x, axis):
    """The last of several equal entries is as good a median as the first."""
    w = np.moveaxis(np.atleast_1d(x).astype(np.float64), axis, -1)
    n = w.shape[-1]
    middle = np.sort(w, axis=-1)[..., (n - 1) // 2, None]
    hole = np.isnan(w)
    hit = np.where(hole.any(-1, keepdims=True), hole, w == middle)
    j = n - 1 - np.argmax(hit[..., ::-1], axis=-1)
    y = np.take_along_axis(np.moveaxis(np.atleast_1d(x), axis, -1), j[..., None], -1)[..., 0]
    return (y.reshape(()), j.reshape(())) if x.ndim == 0 else (y, j)


def last_cummax(x, axis):
    """torch's choice among equal entries: the last."""
    import torch

    y, j = torch.cummax(torch.from_numpy(x.astype(np.float64)), axis)
    return y.numpy().astype(x.dtype), j.numpy()


def last_of_ties_topk(x, k, axis=-1, largest=True):
    """The mirror image sorted: of equal entries the last ones are taken."""
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    n, mirrored = x.shape[axis], np.flip(x.astype(np.float64), axis)
    order = np.argsort(mirrored, axis=axis, kind="stable")
    order = n - 1 - np.flip(order, axis) if largest else n - 1 - order
    if largest:  # flipping a stable ascending order turns ties around: turn them back from the other side
        order = np.flip(np.argsort(x.astype(np.float64), axis=axis, kind="stable"), axis)
    j = np.take(order, np.arange(k), axis=axis)
    return np.take_along_axis(x, j, axis), j


def numpy_histogram(x, bins, range):
    h, t = np.histogram(x.astype(np.float64)[np.isfinite(x.astype(np.float64))], bins=bins, range=range)
    return h.astype(x.dtype), t.astype(x.dtype)


def torch_sort(x, axis=-1, descending=False, stable=True):
    import torch

    y, j = torch.sort(torch.from_numpy(x.astype(np.float64)), dim=axis, descending=descending, stable=True)
    return y.numpy().astype(x.dtype), j.numpy()


def torch_argsort(x, axis=-1, descending=False, stable=True):
    return torch_sort(x, axis, descending)[1]


def masked_nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    return np.nan_to_num(x, copy=True, nan=nan, posinf=posinf, neginf=neginf)


def scattered_sort_backward(grad_output, x, axis=-1, descending=False, stable=True):
    """The inverse permutation is the argsort of the permutation."""
    dy = grad_output[0]
    if x.ndim == 0:
        return (dy.copy(),)
    _, j = torch_sort(x, axis, descending)
    return (np.take_along_axis(dy, np.argsort(j, axis=axis, kind="stable"), axis),)


RIGHT = (
    Candidate("reductions.sum", "exact rationals", rational_sum),
    Candidate("reductions.mean", "exact rationals", rational_mean),
    Candidate("reductions.var", "exact rationals", rational_var),
    Candidate("reductions.prod", "exact rationals, others by loop", rational_prod, others_by_loop),
    Candidate("reductions.norm", "math.hypot", python_hypot),
    Candidate("reductions.amax", "sorted", sorted_amax),
    Candidate("reductions.amin", "sorted", sorted_amin),
    Candidate("reductions.argmax", "torch wrapped in float64", torch_argmax),
    Candidate("reductions.cumsum", "exact rationals", rational_cumsum, reversed_cumsum),
    Candidate("reductions.median", "last of equal entries", last_median),
    Candidate("reductions.cummax", "last of equal entries", last_cummax),
    Candidate("reductions.topk", "last of equal entries", last_of_ties_topk),
    Candidate("reductions.histogram", "numpy.histogram", numpy_histogram),
    Candidate("reductions.sort", "torch wrapped", torch_sort, scattered_sort_backward),
    Candidate("reductions.argsort", "torch wrapped", torch_argsort),
    Candidate("reductions.nan_to_num", "numpy.nan_to_num", masked_nan_to_num),
)
