"""The textbook definitions of distances, of the cosine of an angle, and of unit vectors."""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from parity.definitions._functions import inf, nan, scaled, where

__all__ = ["cdist", "cosine_similarity", "normalize", "pairwise_distance", "pdist"]


# -- the norm --------------------------------------------------------------------------------------------------------------
def _absolute(v):
    """|v| with slope 0 at 0, and nan for nan."""
    return v if v > 0 else -v if v < 0 else nan * v if v.isnan() else 0 * v


def _norm_of(d, p):
    """(sum_i |d_i|^p)^(1/p) of one vector, with the subgradient 0 where it is 0 and where d_i = 0.

    For p = inf the largest entries share evenly; for p = 0 there is no slope.
    """
    size = [_absolute(v) for v in d]
    if p == 0:
        return nan if any(v.isnan() for v in d) else sum(v != 0 for v in d)
    if p == 1:
        return sum(size)
    if any(v.isnan() for v in d):
        return sum(nan * v for v in d)
    if p == inf:
        largest = [v for v in size if all(not w > v for w in size)]
        return sum(largest) / max(len(largest), 1)
    if any(v == inf for v in size):
        return sum(_infinite_entry(v) if v == inf else (inf if p < 1 and v > 0 else 0) * v for v in size)
    total = sum(0 * v if v == 0 else v**p for v in size)
    if total == 0:
        return total
    return total.sqrt() if p == 2 else total ** (1 / arb(p))


def _infinite_entry(v):
    """inf with the slope nan: the slope of the norm in an infinite entry is inf / inf."""
    return -(1 / v).log()


def _norm(x, p, axis):
    """The norms along `axis` (an integer or a tuple), which is kept with length 1."""
    axes = [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    kept = [1 if a in axes else n for a, n in enumerate(x.shape)]
    rows = np.moveaxis(x, axes, range(-len(axes), 0)).reshape(math.prod(kept), math.prod(x.shape[a] for a in axes))
    norms = np.empty(len(rows), object)
    norms[:] = [_norm_of(list(row), p) for row in rows]
    return norms.reshape(kept)


def _at_least(n, eps):
    """max(n, eps); nan stays."""
    return where(n < eps, eps, n)


# -- the ops ---------------------------------------------------------------------------------------------------------------
@scaled("absolute", "paths")
def cosine_similarity(x1, x2, axis=1, eps=1e-8):
    """sum_i a_i b_i with a = x1 / max(|x1|, eps) and b = x2 / max(|x2|, eps)."""
    x1, x2 = np.broadcast_arrays(x1, x2)
    a = x1 / _at_least(_norm(x1, 2, axis), eps)
    b = x2 / _at_least(_norm(x2, 2, axis), eps)
    return np.sum(a * b, axis=axis)


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdims=False):
    """|x1 - x2 + eps|_p along the last axis."""
    y = _norm(x1 - x2 + eps, p, -1)
    return y if keepdims else y[..., 0]


def cdist(x1, x2, p=2.0):
    """y_ij = |x1_i - x2_j|_p."""
    return _norm(x1[..., :, None, :] - x2[..., None, :, :], p, -1)[..., 0]


def pdist(x, p=2.0):
    """|x_i - x_j|_p for i < j."""
    i, j = np.triu_indices(x.shape[0], 1)
    return _norm(x[i] - x[j], p, -1)[..., 0]


def normalize(x, p=2.0, axis=1, eps=1e-12):
    """x / max(|x|_p, eps)."""
    return x / _at_least(_norm(x, p, axis), eps)
