"""Textbook definitions: sums, means, running sums, products, running products."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import scaled
from parity.definitions.reductions._rows import NAN, result, rows

__all__ = ["cumprod", "cumsum", "mean", "prod", "sum"]


@scaled("absolute", "absolute")
def sum(x, axis=None, keepdims=False):
    """y = x_1 + … + x_n."""
    return result(np.sum(rows(x, axis), axis=-1), x, axis, keepdims)


@scaled("absolute", "absolute")
def mean(x, axis=None, keepdims=False):
    """y = (x_1 + … + x_n) / n; nan for n = 0."""
    r = rows(x, axis)
    n = r.shape[-1]
    y = np.sum(r, axis=-1) / n if n else np.full(r.shape[:-1], NAN, dtype=object)
    return result(y, x, axis, keepdims)


@scaled("absolute", "absolute")
def cumsum(x, axis):
    """y_k = x_1 + … + x_k."""
    return np.cumsum(x, axis=axis) if x.ndim else x.copy()


def prod(x, axis=None, keepdims=False):
    """y = x_1 … x_n."""
    return result(np.prod(rows(x, axis), axis=-1), x, axis, keepdims)


def cumprod(x, axis):
    """y_k = y_{k-1} x_k, y_0 = 1."""
    return np.cumprod(x, axis=axis) if x.ndim else x.copy()
