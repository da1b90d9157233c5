"""Right distances, cosines and unit vectors in other styles; none may be refused."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import Candidate

__all__ = ["RIGHT"]


def _wide(x):
    return np.asarray(x).astype(np.float64)


def _quiet(f):
    return np.errstate(all="ignore")(f)


def _norm_of(v, p):
    """The norm of a list of floats in plain Python, relative to its largest entry."""
    if any(math.isnan(a) for a in v):
        return math.nan
    if p == 0:
        return float(sum(a != 0 for a in v))
    top = max(map(abs, v), default=0.0)
    if p == math.inf or top in (0.0, math.inf):
        return top
    if p == 2:
        return math.hypot(*v)
    return top * math.fsum((abs(a) / top) ** p for a in v) ** (1 / p)


def _norms(d, p):
    """The norms along the last axis."""
    rows = d.reshape(math.prod(d.shape[:-1]), d.shape[-1]).tolist()
    return np.array([_norm_of(row, p) for row in rows], np.float64).reshape(d.shape[:-1])


@_quiet
def cosine_float64(x1, x2, axis=1, eps=1e-8):
    """Upcast: float32 squares cannot leave the range of float64."""
    a, b = np.broadcast_arrays(_wide(x1), _wide(x2))
    n, m = (np.maximum(np.sqrt(np.sum(v * v, axis=axis, keepdims=True)), eps) for v in (a, b))
    return np.asarray(np.sum(a / n * (b / m), axis=axis)).astype(x1.dtype)


@_quiet
def pairwise_loop(x1, x2, p=2.0, eps=1e-6, keepdims=False):
    """Each component of the difference by a sum that rounds once, each norm in plain Python."""
    a, b = np.broadcast_arrays(_wide(x1), _wide(x2))

    def difference(u, v):
        try:
            return math.fsum((u, -v, eps))
        except (OverflowError, ValueError):  # the sum overflows, or is inf - inf
            return u - v

    d = np.array([difference(u, v) for u, v in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)], np.float64)
    y = _norms(d.reshape(a.shape), p)
    return (y[..., None] if keepdims else y).astype(x1.dtype)


@_quiet
def cdist_rows(x1, x2, p=2.0):
    return _norms(_wide(x1)[..., :, None, :] - _wide(x2)[..., None, :, :], p).astype(x1.dtype)


@_quiet
def pdist_rows(x, p=2.0):
    i, j = np.triu_indices(x.shape[0], 1)
    return _norms(_wide(x)[i] - _wide(x)[j], p).astype(x.dtype)


@_quiet
def pdist_scipy(x, p=2.0):
    """SciPy in float64, for float32 points."""
    from scipy.spatial.distance import pdist

    v = _wide(x)
    if p == 0 or x.shape[0] < 2:
        return pdist_rows(x, p)
    named = {1.0: "cityblock", 2.0: "euclidean", math.inf: "chebyshev"}.get(p)
    return (pdist(v, named) if named else pdist(v, "minkowski", p=p)).astype(x.dtype)


@_quiet
def normalize_float64(x, p=2.0, axis=1, eps=1e-12):
    """Upcast: relative to the largest entry, in float64."""
    v = _wide(x)
    top = np.max(np.abs(v), axis=axis, keepdims=True, initial=0.0)
    unit = np.abs(v) / np.where(top > 0, top, 1.0)
    if p == 0:
        n = np.where(np.isnan(top), top, np.count_nonzero(v, axis=axis, keepdims=True))
    elif p == math.inf:
        n = top
    else:
        n = np.where(np.isinf(top), top, top * np.sum(unit**p, axis=axis, keepdims=True) ** (1 / p))
    return (v / np.maximum(n, eps)).astype(x.dtype)


RIGHT = (
    Candidate("similarity.cosine_similarity", "upcast to float64", cosine_float64, dtypes=("float32",)),
    Candidate("similarity.pairwise_distance", "loops in plain Python", pairwise_loop),
    Candidate("similarity.cdist", "rows in plain Python", cdist_rows),
    Candidate("similarity.pdist", "rows in plain Python", pdist_rows),
    Candidate("similarity.pdist", "SciPy in float64", pdist_scipy, dtypes=("float32",)),
    Candidate("similarity.normalize", "upcast to float64", normalize_float64, dtypes=("float32",)),
)
