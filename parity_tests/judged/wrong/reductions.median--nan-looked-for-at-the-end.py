"""A nan sorts last, so only the last entry is looked at: of the row as it came, not of the sorted one.

Kind: place. Passed before: yes.
"""

import numpy as np


def _order(x, axis):
    rows = np.moveaxis(x, axis, -1) if x.ndim else x.reshape(1)
    key = np.where(np.isnan(rows), np.inf, rows.astype(np.float64))
    order = np.argsort(key, axis=-1, kind="stable")
    return rows, order


def _chosen(x, axis):
    rows, order = _order(x, axis)
    n = rows.shape[-1]
    j = order[..., (n - 1) // 2]
    return rows, np.where(np.isnan(rows[..., -1]), n - 1, j)


def candidate(x, axis):
    rows, j = _chosen(x, axis)
    j = np.asarray(j, np.int64)
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    return np.take_along_axis(rows, j[..., None], -1)[..., 0], j


def candidate_backward(grad_output, x, axis):
    dy = grad_output[0] if isinstance(grad_output, tuple) else grad_output
    if x.ndim == 0:
        return (dy.astype(x.dtype),)
    rows, j = _chosen(x, axis)
    dx = np.zeros(rows.shape, x.dtype)
    np.put_along_axis(dx, j[..., None], dy.astype(x.dtype)[..., None], -1)
    return (np.moveaxis(dx, -1, axis),)
