"""Definitions of the losses of an angle or of distances between vectors."""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from parity.definitions._functions import maximum, ratio, scaled
from parity.definitions.losses._shared import absolute, hinge_with_edge, reduce
from parity.real import INF, NAN, ZERO, Real

__all__ = ["cosine_embedding_loss", "triplet_margin_loss"]


def _cosine(a, b):
    """<a, b> / sqrt((|a|^2 + eps)(|b|^2 + eps)): eps = 1e-12 is a convention of the op."""
    eps = 1e-12
    lengths = np.sqrt((np.sum(a * a, axis=-1) + eps) * (np.sum(b * b, axis=-1) + eps))
    return np.sum(a * b, axis=-1) / lengths


def cosine_embedding_loss_scale(input1, input2, target, margin=0.0, reduction="mean"):
    """1 + <|a|, |b|> / (|a||b|) for y = 1, |margin| + that for y = -1, reduced."""
    cos = _cosine(absolute(input1), absolute(input2))
    return reduce(np.where(np.asarray(target == 1, bool), cos + 1, cos + abs(margin)), reduction)


def cosine_embedding_loss_backward_scale(grad_output, input1, input2, target, margin=0.0, reduction="mean"):
    """|c| (|v| + |u| sum_k |u_k v_k|) / |a| and likewise for b, 0 where the hinge is not active.

    That is the exact gradient c (v - cos u) / |a| with both terms taken positive, and cos with what rounding may change in it.
    """
    cos = np.asarray(_cosine(input1, input2), object)
    active = np.frompyfunc(lambda z, y: int(y == 1 or not z < margin), 2, 1)(cos, target)
    c = np.asarray(absolute(grad_output) * active / (cos.size if reduction == "mean" else 1), object)[..., None]
    a, b = absolute(input1), absolute(input2)
    u, v, sums = a / _length(a), b / _length(b), np.asarray(_cosine(a, b), object)[..., None]
    return c * (v + u * sums) / _length(a), c * (u + v * sums) / _length(b), None


def _length(a):
    return np.sqrt(np.sum(a * a, axis=-1, keepdims=True) + 1e-12)


@scaled(forward=cosine_embedding_loss_scale, backward=cosine_embedding_loss_backward_scale)
def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction="mean"):
    """1 - cos(a, b) for y = 1; max(0, cos(a, b) - margin) for y = -1, with slope 1 at the edge."""
    cos = _cosine(input1, input2)
    return reduce(np.where(np.asarray(target == 1, bool), 1 - cos, hinge_with_edge(cos - margin)), reduction)


def _mean_of_largest(row):
    """The maximum as the mean of the entries equal to it, which splits its gradient among ties."""
    m = maximum.reduce(row)
    if m.isnan():
        return np.sum(row) * NAN
    hits = [v for v in row if v == m]
    return np.sum(hits) / len(hits)


def _norm(row, p):
    """(sum |d|^p)^(1/p); its slope is 0 at entries that are 0 and at the zero vector, and undefined at infinite entries."""
    a = absolute(row)
    if p == math.inf:
        return _mean_of_largest(a)
    if p == 1:
        return np.sum(a)
    if any(v.isnan() for v in a):
        return np.sum(a) * NAN
    if any(v == math.inf for v in a):
        return Real(INF, tuple((v, ZERO if v.isfinite() else NAN) for v in a))
    s = Real(0) + sum((v**p for v in a if v != 0), Real(0))
    return Real(0) if s == 0 else s.sqrt() if p == 2 else s ** (ratio(1, int(p)) if p == int(p) else arb(1) / arb(p))


def _distance(u, v, p, eps):
    d = u - v + eps
    out = np.empty(d.shape[:-1], object)
    for i in np.ndindex(out.shape):
        out[i] = _norm(d[i], p)
    return out


def _smaller(a, b):
    """min(a, b), equal ones sharing the gradient."""
    return a if a.isnan() or a < b else b if b.isnan() or b < a else (a + b) / 2


def triplet_margin_loss_scale(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    """margin + d(x, y), reduced: d(a, x) and d(a, y) differ by no more than that, however large they are.

    With `swap` d(a, x) + d(x, y), which bounds the difference to either of the two distances, takes the place of d(x, y).
    """
    anchor, positive, negative = np.broadcast_arrays(anchor, positive, negative)
    e = _distance(positive, negative, p, 0)
    return reduce((e + _distance(anchor, positive, p, eps) if swap else e) + margin, reduction)


@scaled(forward=triplet_margin_loss_scale)
def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    """max(0, margin + d(a, x) - d(a, y)), d(u, v) the p-norm of u - v + eps; `swap`: min(d(a, y), d(x, y)) for d(a, y)."""
    anchor, positive, negative = np.broadcast_arrays(anchor, positive, negative)
    near, far = _distance(anchor, positive, p, eps), _distance(anchor, negative, p, eps)
    if swap:
        far = np.frompyfunc(_smaller, 2, 1)(far, _distance(positive, negative, p, eps))
    return reduce(hinge_with_edge(near - far + margin), reduction)
