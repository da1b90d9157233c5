"""Wrong distances, cosines and unit vectors, each of which the suite must catch."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import Candidate

__all__ = ["WRONG"]


def _wide(x):
    return np.asarray(x).astype(np.float64)


def _quiet(f):
    return np.errstate(all="ignore")(f)


def _norm(d, p, axis, keepdims=False):
    size = np.abs(d)
    if p == 0:
        return np.count_nonzero(d, axis=axis, keepdims=keepdims).astype(np.float64)
    if p == np.inf:
        return np.max(size, axis=axis, keepdims=keepdims, initial=0.0)
    return np.sum(size**p, axis=axis, keepdims=keepdims) ** (1 / p)


def _slope(d, p, n):
    if p == 0:
        return np.zeros(d.shape)
    if p == np.inf:
        return np.sign(d) * (np.abs(d) == n)
    return np.where((n == 0) | (d == 0), 0.0, np.sign(d) * (np.abs(d) / n) ** (p - 1))


def _summed(g, like):
    g = g.sum(axis=tuple(range(g.ndim - like.ndim)))
    return (
        g.sum(axis=tuple(i for i, n in enumerate(like.shape) if n == 1), keepdims=True).reshape(like.shape).astype(like.dtype)
    )


# -- cosine_similarity -----------------------------------------------------------------------------------------------------
@_quiet
def cosine_one_clamp(x1, x2, axis=1, eps=1e-8):
    """Clamps the product of the lengths instead of each of them."""
    a, b = np.broadcast_arrays(_wide(x1), _wide(x2))
    lengths = np.linalg.norm(a, axis=axis) * np.linalg.norm(b, axis=axis)
    return np.asarray(np.sum(a * b, axis=axis) / np.maximum(lengths, eps)).astype(x1.dtype)


@_quiet
def cosine_eps_added(x1, x2, axis=1, eps=1e-8):
    a, b = np.broadcast_arrays(_wide(x1), _wide(x2))
    lengths = (np.linalg.norm(a, axis=axis) + eps) * (np.linalg.norm(b, axis=axis) + eps)
    return np.asarray(np.sum(a * b, axis=axis) / lengths).astype(x1.dtype)


@_quiet
def cosine_last_axis(x1, x2, axis=1, eps=1e-8):
    a, b = np.broadcast_arrays(_wide(x1), _wide(x2))
    lengths = np.maximum(np.linalg.norm(a, axis=-1), eps) * np.maximum(np.linalg.norm(b, axis=-1), eps)
    return np.asarray(np.sum(a * b, axis=-1) / lengths).astype(x1.dtype)


@_quiet
def cosine_slope_of_fixed_lengths(grad_output, x1, x2, axis=1, eps=1e-8):
    """Takes the lengths for constants."""
    a, b = np.broadcast_arrays(_wide(x1), _wide(x2))
    n, m = (np.maximum(np.linalg.norm(v, axis=axis, keepdims=True), eps) for v in (a, b))
    dy = np.expand_dims(_wide(grad_output), axis) / n / m
    return _summed(dy * b, x1), _summed(dy * a, x2)


# -- pairwise_distance -----------------------------------------------------------------------------------------------------
@_quiet
def pairwise_without_eps(x1, x2, p=2.0, eps=1e-6, keepdims=False):
    return np.asarray(_norm(_wide(x1) - _wide(x2), p, -1, keepdims)).astype(x1.dtype)


@_quiet
def pairwise_eps_outside(x1, x2, p=2.0, eps=1e-6, keepdims=False):
    """Adds eps to the size of the difference, not to the difference."""
    return np.asarray(_norm(np.abs(_wide(x1) - _wide(x2)) + eps, p, -1, keepdims)).astype(x1.dtype)


@_quiet
def pairwise_always_euclidean(x1, x2, p=2.0, eps=1e-6, keepdims=False):
    return np.asarray(_norm(_wide(x1) - _wide(x2) + eps, 2.0, -1, keepdims)).astype(x1.dtype)


@_quiet
def pairwise_slope_same_sign(grad_output, x1, x2, p=2.0, eps=1e-6, keepdims=False):
    """The second gradient has the sign of the first."""
    d = _wide(x1) - _wide(x2) + eps
    n = _norm(d, p, -1, True)
    g = _wide(grad_output).reshape(n.shape) * _slope(d, p, n)
    return _summed(g, x1), _summed(g, x2)


# -- cdist -------------------------------------------------------------------------------------------------------------------
@_quiet
def cdist_by_product(x1, x2, p=2.0):
    """|a|^2 + |b|^2 - 2 a b in the input's dtype, for p = 2."""
    if p != 2:
        return np.asarray(_norm(_wide(x1)[..., :, None, :] - _wide(x2)[..., None, :, :], p, -1)).astype(x1.dtype)
    squares = np.sum(x1 * x1, -1)[..., :, None] + np.sum(x2 * x2, -1)[..., None, :] - 2 * (x1 @ np.swapaxes(x2, -1, -2))
    return np.sqrt(np.maximum(squares, 0)).astype(x1.dtype)


@_quiet
def cdist_squared(x1, x2, p=2.0):
    d = _wide(x1)[..., :, None, :] - _wide(x2)[..., None, :, :]
    return np.asarray(np.sum(d * d, -1) if p == 2 else _norm(d, p, -1)).astype(x1.dtype)


@_quiet
def cdist_transposed(x1, x2, p=2.0):
    d = _wide(x2)[..., :, None, :] - _wide(x1)[..., None, :, :]
    return np.asarray(_norm(d, p, -1)).astype(x1.dtype)


@_quiet
def cdist_slope_nan_at_zero(grad_output, x1, x2, p=2.0):
    """0 / 0 where two points coincide."""
    d = _wide(x1)[..., :, None, :] - _wide(x2)[..., None, :, :]
    n = _norm(d, p, -1, True)
    g = _wide(grad_output)[..., None] * (d / n if p == 2 else _slope(d, p, n))
    return _summed(g.sum(-2), x1), _summed(-g.sum(-3), x2)


# -- pdist -------------------------------------------------------------------------------------------------------------------
@_quiet
def pdist_by_columns(x, p=2.0):
    """The pairs in the order (0, 1), (0, 2), (1, 2), (0, 3), ...: the lower triangle by rows."""
    j, i = np.tril_indices(x.shape[0], -1)
    return np.asarray(_norm(_wide(x)[i] - _wide(x)[j], p, -1)).astype(x.dtype)


@_quiet
def pdist_mean(x, p=2.0):
    """Divides by the number of coordinates."""
    i, j = np.triu_indices(x.shape[0], 1)
    return np.asarray(_norm(_wide(x)[i] - _wide(x)[j], p, -1) / x.shape[1]).astype(x.dtype)


@_quiet
def pdist_slope_of_first(grad_output, x, p=2.0):
    """Only the first point of each pair is pulled."""
    i, j = np.triu_indices(x.shape[0], 1)
    d = _wide(x)[i] - _wide(x)[j]
    dx = np.zeros(x.shape)
    np.add.at(dx, i, _wide(grad_output)[:, None] * _slope(d, p, _norm(d, p, -1, True)))
    return (dx.astype(x.dtype),)


# -- normalize -----------------------------------------------------------------------------------------------------------------
@_quiet
def normalize_eps_added(x, p=2.0, axis=1, eps=1e-12):
    return (_wide(x) / (_norm(_wide(x), p, axis, True) + eps)).astype(x.dtype)


@_quiet
def normalize_to_sum(x, p=2.0, axis=1, eps=1e-12):
    """Divides by the sum instead of the norm."""
    return (_wide(x) / np.maximum(np.sum(_wide(x), axis=axis, keepdims=True), eps)).astype(x.dtype)


def normalize_in_place(x, p=2.0, axis=1, eps=1e-12):
    with np.errstate(all="ignore"):
        n = np.maximum(_norm(_wide(x), p, axis, True), eps)
        if not x.flags.writeable:
            return (_wide(x) / n).astype(x.dtype)
        x[...] = (_wide(x) / n).astype(x.dtype)
    return x


@_quiet
def normalize_slope_of_fixed_length(grad_output, x, p=2.0, axis=1, eps=1e-12):
    """Takes the norm for a constant."""
    return ((_wide(grad_output) / np.maximum(_norm(_wide(x), p, axis, True), eps)).astype(x.dtype),)


WRONG = (
    Candidate("similarity.cosine_similarity", "one clamp for the product", cosine_one_clamp),
    Candidate("similarity.cosine_similarity", "eps added", cosine_eps_added),
    Candidate("similarity.cosine_similarity", "last axis", cosine_last_axis),
    Candidate("similarity.cosine_similarity", "gradient at fixed lengths", backward=cosine_slope_of_fixed_lengths),
    Candidate("similarity.pairwise_distance", "forgets eps", pairwise_without_eps),
    Candidate("similarity.pairwise_distance", "eps added to the size", pairwise_eps_outside),
    Candidate("similarity.pairwise_distance", "always euclidean", pairwise_always_euclidean),
    Candidate("similarity.pairwise_distance", "second gradient of the wrong sign", backward=pairwise_slope_same_sign),
    Candidate("similarity.cdist", "matrix product", cdist_by_product),
    Candidate("similarity.cdist", "squared", cdist_squared),
    Candidate("similarity.cdist", "transposed", cdist_transposed),
    Candidate("similarity.cdist", "gradient nan for equal points", backward=cdist_slope_nan_at_zero),
    Candidate("similarity.pdist", "pairs in another order", pdist_by_columns),
    Candidate("similarity.pdist", "divided by the dimension", pdist_mean),
    Candidate("similarity.pdist", "gradient of the first point only", backward=pdist_slope_of_first),
    Candidate("similarity.normalize", "eps added", normalize_eps_added),
    Candidate("similarity.normalize", "divides by the sum", normalize_to_sum),
    Candidate("similarity.normalize", "mutates its input", normalize_in_place),
    Candidate("similarity.normalize", "gradient at a fixed length", backward=normalize_slope_of_fixed_length),
)
