"""normalization.layer_norm: right.

Style: einsum. Needs: numpy.
Limits: convention, extreme range, flushes subnormals, refuses, shared error.
"""

import numpy as np


def _rows(a, n):
    return np.asarray(a, np.float64).reshape(-1, n)


def _standardise(x, normalized_shape, eps):
    n = int(np.prod(normalized_shape))
    z = _rows(x, n)
    d = z - np.einsum("ij->i", z)[:, None] / n
    rstd = (np.einsum("ij,ij->i", d, d) / n + eps) ** -0.5
    return n, d * rstd[:, None], rstd[:, None]


def candidate(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    n, xhat, _ = _standardise(x, normalized_shape, eps)
    w = np.ones(n) if weight is None else weight.reshape(n).astype(np.float64)
    b = np.zeros(n) if bias is None else bias.reshape(n).astype(np.float64)
    return (np.einsum("ij,j->ij", xhat, w) + b).reshape(x.shape).astype(x.dtype)


def candidate_backward(grad_output, x, normalized_shape, weight=None, bias=None, eps=1e-5):
    n, xhat, rstd = _standardise(x, normalized_shape, eps)
    g = _rows(grad_output, n)
    gy = g if weight is None else g * _rows(weight, n)
    centred = gy - np.einsum("ij->i", gy)[:, None] / n
    gx = rstd * (centred - xhat * np.einsum("ij,ij->i", gy, xhat)[:, None] / n)
    gw = None if weight is None else np.einsum("ij,ij->j", g, xhat).reshape(weight.shape).astype(weight.dtype)
    gb = None if bias is None else np.einsum("ij->j", g).reshape(bias.shape).astype(bias.dtype)
    return gx.reshape(x.shape).astype(x.dtype), gw, gb
