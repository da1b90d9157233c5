"""Right sums of exponentials, logarithmic products and elementary functions in other styles; none may be refused."""

from __future__ import annotations

import math

import numpy as np

from parity_tests.candidates import Candidate

__all__ = ["RIGHT"]


def _wide(x):
    return np.asarray(x).astype(np.float64)


def _quiet(f):
    return np.errstate(all="ignore")(f)


@_quiet
def logsumexp_scipy(x, axis=-1, keepdims=False):
    from scipy.special import logsumexp

    return np.asarray(logsumexp(_wide(x), axis=axis, keepdims=keepdims)).astype(x.dtype)


@_quiet
def logsumexp_rows(x, axis=-1, keepdims=False):
    """Row by row in plain Python, with a sum that rounds once."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(a % x.ndim for a in axes) if x.ndim else ()
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    n = math.prod(x.shape[a] for a in axes)
    rows = np.moveaxis(_wide(x), axes, range(x.ndim - len(axes), x.ndim)).reshape(math.prod(kept), n)
    y = np.array([_logsumexp_of(row) for row in rows.tolist()], np.float64)
    return y.reshape(kept if keepdims else tuple(s for a, s in enumerate(x.shape) if a not in axes)).astype(x.dtype)


def _logsumexp_of(row):
    if any(math.isnan(v) for v in row):
        return math.nan
    row = sorted(row)
    if not row or math.isinf(row[-1]):
        return row[-1] if row else -math.inf
    return row[-1] + math.log1p(math.fsum(math.exp(v - row[-1]) for v in row[:-1]))


@_quiet
def logaddexp_numpy(x, other):
    return np.asarray(np.logaddexp(_wide(x), _wide(other))).astype(x.dtype)


@_quiet
def logcumsumexp_prefixes(x, axis=-1):
    """Every prefix on its own."""
    v = np.moveaxis(_wide(x), axis, -1) if x.ndim else _wide(x).reshape(1)
    y = np.empty(v.shape)
    for i in np.ndindex(v.shape):
        y[i] = _logsumexp_of(v[(*i[:-1], slice(0, i[-1] + 1))].tolist())
    return (np.moveaxis(y, -1, axis) if x.ndim else y.reshape(())).astype(x.dtype)


@_quiet
def xlogy_scipy(x, other):
    from scipy.special import xlogy

    return np.asarray(xlogy(_wide(x), _wide(other))).astype(x.dtype)


@_quiet
def xlog1py_scipy(x, other):
    from scipy.special import xlog1py

    return np.asarray(xlog1py(_wide(x), _wide(other))).astype(x.dtype)


@_quiet
def entr_scipy(x):
    from scipy.special import entr

    return np.asarray(entr(_wide(x))).astype(x.dtype)


@_quiet
def logit_arctanh(x, eps=None):
    """logit(x) = 2 artanh(2 x - 1) in the middle, the difference of two logarithms outside."""
    v = _wide(x)
    y = np.where(np.abs(v - 0.5) <= 0.25, 2 * np.arctanh(2 * v - 1), np.log(v) - np.log1p(-v))
    if eps:
        top = math.log1p(-eps) - math.log(eps)
        y = np.where(v < eps, -top, np.where(1 - v < eps, top, y))
    return y.astype(x.dtype)


@_quiet
def sinc_by_remainder(x):
    """sin(pi x) from the remainder of x by two."""
    v = np.abs(_wide(x))
    r = np.fmod(v, 2.0)
    r = np.where(r > 1.0, r - 2.0, r)  # in (-1, 1]
    s = np.where(np.abs(r) <= 0.5, np.sin(np.pi * r), np.sin(np.pi * (np.sign(r) - r)))
    return np.where(v == 0, 1.0, np.where(np.isinf(v), 0.0, s / (np.pi * v))).astype(x.dtype)


@_quiet
def expm1_torch(x):
    import torch

    return torch.expm1(torch.from_numpy(np.ascontiguousarray(x))).numpy().reshape(x.shape)


@_quiet
def expm1_slope_in_halves(grad_output, x):
    half = np.exp(0.5 * _wide(x))
    return ((_wide(grad_output) * half * half).astype(x.dtype),)


def log1p_loop(x):
    def one(v):
        return math.log1p(v) if v > -1 else -math.inf if v == -1 else math.nan

    return np.array([one(v) for v in _wide(x).reshape(-1).tolist()], np.float64).reshape(x.shape).astype(x.dtype)


@_quiet
def rsqrt_of_reciprocal(x):
    """The root of the reciprocal, in float64; right for float32 numbers."""
    v = _wide(x)
    return np.where(v == 0, 1 / v, np.where(v < 0, np.nan, np.sqrt(1 / v))).astype(x.dtype)


RIGHT = (
    Candidate("special.logsumexp", "SciPy", logsumexp_scipy),
    Candidate("special.logsumexp", "rows in plain Python", logsumexp_rows),
    Candidate("special.logaddexp", "NumPy's ufunc", logaddexp_numpy),
    Candidate("special.logcumsumexp", "every prefix on its own", logcumsumexp_prefixes),
    Candidate("special.xlogy", "SciPy in float64", xlogy_scipy),
    Candidate("special.xlog1py", "SciPy in float64", xlog1py_scipy),
    Candidate("special.entr", "SciPy in float64", entr_scipy),
    Candidate("special.logit", "inverse hyperbolic tangent", logit_arctanh),
    Candidate("special.sinc", "remainder by two", sinc_by_remainder),
    Candidate("special.expm1", "torch", expm1_torch),
    Candidate("special.expm1", "gradient in two halves", backward=expm1_slope_in_halves),
    Candidate("special.log1p", "loop over math.log1p", log1p_loop),
    Candidate("special.rsqrt", "root of the reciprocal", rsqrt_of_reciprocal, dtypes=("float32",)),
)
