"""Textbook definitions: sorting, selection, quantiles, counting between edges, replacing non-finite entries."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np

from parity.definitions._functions import inf, movement, ratio, scaled, where
from parity.definitions.reductions._rows import any_of, first_equal, missing, ordering, result, rows
from parity.real import Real

__all__ = ["argsort", "histogram", "median", "nan_to_num", "quantile", "sort", "topk"]


def _along(x, axis):
    return np.atleast_1d(x) if x.ndim == 0 else np.moveaxis(x, axis, -1)


def _back(y, x, axis):
    return y.reshape(()) if x.ndim == 0 else np.moveaxis(y, -1, axis)


@movement
def sort(x, axis=-1, descending=False, stable=True):
    """The entries in order, equal ones in the order they had, nan last (first if descending), and where they came from."""
    r = _along(x, axis)
    pi = ordering(r, descending)
    return _back(np.take_along_axis(r, pi, axis=-1), x, axis), _back(pi, x, axis)


def argsort(x, axis=-1, descending=False, stable=True):
    """The stable permutation that sorts."""
    return _back(ordering(_along(x, axis), descending), x, axis)


def topk(x, k, axis=-1, largest=True):
    """The first k of the stable order, largest (or smallest) first.

    Which of several equal entries is taken is nobody's promise, so the value (and with it the gradient) is read from the first
    of them; `parity.pairs.reductions` brings every party's indices and gradients into that form.
    """
    r = _along(x, axis)
    pi = ordering(r, largest)[..., :k]
    values = np.take_along_axis(r, np.take_along_axis(first_equal(r), pi, axis=-1), axis=-1)
    return _back(values, x, axis), _back(pi, x, axis)


def median(x, axis):
    """The lower median, and the first index where it is found; nan if there is one."""
    r = rows(x, axis)
    middle = np.take_along_axis(r, ordering(r)[..., (r.shape[-1] - 1) // 2, None], axis=-1)
    holes = missing(r)
    j = np.argmax(np.where(any_of(holes), holes, np.asarray(r == middle, dtype=bool)), axis=-1, keepdims=True)
    return result(np.take_along_axis(r, j, axis=-1), x, axis), result(j, x, axis)


def _ranks(q, n, interpolation):
    """The two ranks around q (n - 1), a product of floats by convention, and the weight of the upper one."""
    rank = q * (n - 1)
    low, high = math.floor(rank), math.ceil(rank)
    if interpolation in ("linear", "midpoint"):
        return low, high, (rank - low if interpolation == "linear" else 0.5 * (high - low))
    chosen = {"lower": low, "higher": high, "nearest": round(rank)}[interpolation]
    return chosen, chosen, 0.0


def _combination(x, q, axis, keepdims, interpolation, of):
    """(1 - w) x_low + w x_high for each q, or the same of another function of the entries."""
    r = rows(x, axis)
    n = r.shape[-1]
    order = ordering(r)
    holes = any_of(missing(r))[..., 0]
    first = np.take_along_axis(first_equal(r), order, axis=-1)  # of equal entries, as in `topk`
    ordered = of(np.take_along_axis(r, first, axis=-1))
    results = []
    for p in np.atleast_1d(q).tolist():
        low, high, w = _ranks(float(p), n, interpolation)
        y = ordered[..., low] if w == 0 else ordered[..., low] * (1 - Real(w)) + ordered[..., high] * Real(w)
        results.append(result(where(holes, ordered[..., -1], y), x, axis, keepdims))
    return np.stack(results) if np.ndim(q) else results[0]


def quantile_scale(x, q, axis=None, keepdims=False, interpolation="linear"):
    """(1 - w) |x_low| + w |x_high|."""
    return _combination(x, q, axis, keepdims, interpolation, np.abs)


@scaled(quantile_scale, "paths")
def quantile(x, q, axis=None, keepdims=False, interpolation="linear"):
    """y = (1 - w) x_low + w x_high of the ordered entries around rank q (n - 1); nan if there is one."""
    return _combination(x, q, axis, keepdims, interpolation, lambda v: v)


def histogram(x, bins, range):
    """How many entries lie in [t_k, t_{k+1}) (the last bin closed), t_k = low + k (high - low) / bins; and the t_k."""
    low, high = (Fraction(float(v)) for v in range)
    if low == high:
        low, high = low - Fraction(1, 2), high + Fraction(1, 2)
    t = [ratio(*(low + k * (high - low) / bins).as_integer_ratio()) for k in np.arange(bins + 1).tolist()]
    inside = [v for v in x.reshape(-1) if v >= t[0] and v <= t[-1]]
    reached = [len([v for v in inside if v >= edge]) for edge in t[:-1]] + [0]
    counts = [Real(a - b) for a, b in pairwise(reached)]
    return np.array(counts, dtype=object), np.array([Real(v) for v in t], dtype=object)


def _largest(dtype):
    """(2 - 2^(1 - p)) 2^emax; NumPy knows it for its own dtypes."""
    return (2 - 2.0**-7) * 2.0**127 if dtype.name == "bfloat16" else float(np.finfo(dtype).max)


@movement
def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    """nan, inf and -inf replaced by the options; by default inf by the largest number of the dtype."""
    raw = x.dtype != object
    largest = _largest(x.dtype) if raw else math.inf
    y = x.copy()
    for where_, value, default in (
        (missing(x), nan, 0.0),
        (np.asarray(x == inf, dtype=bool), posinf, largest),
        (np.asarray(x == -inf, dtype=bool), neginf, -largest),
    ):
        value = default if value is None else value
        y[where_] = value if raw else Real(value)
    return y
