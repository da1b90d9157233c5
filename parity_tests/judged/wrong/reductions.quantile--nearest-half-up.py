"""reductions.quantile: wrong.

numpy/numpy#28910, pola-rs/polars#13058, pandas-dev/pandas#56926: "nearest" takes floor(rank + 1/2): halves go up.
"""

import numpy as np


def _ranks(q, n, interpolation):
    r = np.atleast_1d(np.asarray(q, np.float64)) * (n - 1)
    lo, hi = np.floor(r), np.ceil(r)
    w = {"linear": r - lo, "lower": 0 * r, "higher": 0 * r + 1, "midpoint": 0 * r + 0.5, "nearest": NEAREST(r) - lo}[
        interpolation
    ]
    w = np.where(hi == lo, 0, w)
    return lo.astype(int), hi.astype(int), w


def NEAREST(r):
    return np.floor(r + 0.5)


def _rows(x, axis):
    z = x.reshape(-1) if axis is None else np.moveaxis(x if x.ndim else x[None], axis, -1)
    return z


def candidate(x, q, axis=None, keepdims=False, interpolation="linear"):
    z = np.sort(_rows(x, axis).astype(np.longdouble), axis=-1)
    lo, hi, w = _ranks(q, z.shape[-1], interpolation)
    with np.errstate(all="ignore"):
        a, b = z[..., lo], z[..., hi]
        y = np.where(a == b, a, np.where(w == 0, a, np.where(w == 1, b, (1 - w) * a + w * b)))
        y = np.where(np.isnan(z[..., -1:]), np.nan, y)
    y = np.moveaxis(y, -1, 0)
    if keepdims:
        y = y.reshape(len(lo), *[1] * x.ndim) if axis is None else np.expand_dims(y, (axis % x.ndim) + 1) if x.ndim else y
    elif x.ndim == 0:
        y = y.reshape(len(lo))
    y = y.astype(x.dtype)
    return y if np.ndim(q) else y[0]
