"""Right sampling, distributions and initial values in other styles: none may be flagged."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import Candidate

DOUBLE = ("float64",)


def max_row_by_row(logits, rng, axis=-1):
    """Pairwise differences, so that noise is never added to a large logit."""
    x = np.asarray(logits).astype(np.float64)
    g = -np.log(-np.log(np.maximum(rng.random(x.shape), 2.0**-54)))
    rows, noise = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    out = np.zeros(rows.shape[:-1], np.int64)
    for at in np.ndindex(out.shape):
        r, n = rows[at], noise[at]
        best = 0
        for k in range(1, r.size):
            better = r[k] > r[best] if np.isinf(r[k]) or np.isinf(r[best]) else (r[k] - r[best]) + (n[k] - n[best]) > 0
            best = k if not np.isnan(r[best]) and (better or np.isnan(r[k])) else best
        out[at] = best
    return out


def categorical_by_search(logits, rng, size=None):
    x = np.asarray(logits).astype(np.float64)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    c = np.cumsum(e / e.sum(axis=-1, keepdims=True), axis=-1)
    extra = () if size is None else (size,) if np.ndim(size) == 0 else tuple(size)
    u = rng.random(extra + x.shape[:-1])
    flat = np.broadcast_to(c, (*u.shape, x.shape[-1])).reshape(-1, x.shape[-1])
    found = [min(int(np.searchsorted(row, v, side="right")), row.size - 1) for row, v in zip(flat, u.reshape(-1), strict=True)]
    return np.array(found, np.int64).reshape(u.shape)


def dropout_by_reciprocal(x, rng, p=0.5, training=True):
    if not training:
        return np.array(x)
    mask = np.where(rng.random(np.shape(x)) < p, 0.0, 1.0 / (1.0 - p) if p < 1 else 0.0)
    return (np.asarray(x).astype(np.float64) * mask).astype(np.asarray(x).dtype)


def dropout_gradient_by_reciprocal(grad_output, x, rng, p=0.5, training=True):
    return dropout_by_reciprocal(np.asarray(grad_output), rng, p, training).astype(x.dtype), None


def entropy_by_logarithm_of_product(loc, scale):
    """log(scale sqrt(2 pi e)), the product taken in parts that cannot overflow."""
    m, e = np.frexp(np.asarray(scale).astype(np.float64))
    h = np.log(m * math.sqrt(2 * math.pi * math.e)) + e * math.log(2.0)
    h = np.where(np.isfinite(m), h, m)
    return (h + np.zeros(np.shape(loc))).astype(np.asarray(scale).dtype)


def sample_by_torch_order(shape, rng, loc, scale):
    mu, s = np.asarray(loc).astype(np.float64), np.asarray(scale).astype(np.float64)
    z = rng.standard_normal(tuple(shape) + np.broadcast_shapes(mu.shape, s.shape))
    return (z * s + mu).astype(np.asarray(loc).dtype)


def kaiming_by_two_roots(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    gains = {"leaky_relu": math.sqrt(2 / (1 + a**2)), "relu": math.sqrt(2), "tanh": 5 / 3, "selu": 3 / 4}
    fan = (shape[1] if mode == "fan_in" else shape[0]) * int(np.prod(shape[2:]))
    z = rng.standard_normal(shape)
    return gains.get(nonlinearity, 1.0) / math.sqrt(max(fan, 1)) * z


def orthogonal_by_scipy(shape, rng, gain=1.0):
    from scipy import linalg

    a = rng.standard_normal((shape[0], math.prod(shape[1:])))
    if a.size == 0:
        return a.reshape(shape)
    wide = a.shape[0] < a.shape[1]
    q, r = linalg.qr(a.T if wide else a, mode="economic")
    q = q * np.sign(np.diag(r))
    return gain * (q.T if wide else q).reshape(shape)


RIGHT = (
    Candidate("sampling.gumbel_max", "pairwise differences in a loop", max_row_by_row),
    Candidate("sampling.categorical", "binary search draw by draw", categorical_by_search),
    Candidate(
        "sampling.dropout",
        "product with the reciprocal",
        dropout_by_reciprocal,
        dropout_gradient_by_reciprocal,
        ("float32", "float16"),
    ),
    Candidate(
        "distributions.normal_entropy",
        "logarithm of the product",
        entropy_by_logarithm_of_product,
        dtypes=("float32", "float16"),
    ),
    Candidate("distributions.normal_sample", "product first", sample_by_torch_order, dtypes=("float32", "float16")),
    Candidate("init.kaiming_normal", "gain and fan apart", kaiming_by_two_roots, dtypes=DOUBLE),
    Candidate("init.orthogonal", "LAPACK through SciPy", orthogonal_by_scipy, dtypes=DOUBLE),
)
