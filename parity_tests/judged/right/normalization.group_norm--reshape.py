"""normalization.group_norm: right.

Style: groups as rows of a table, gradient included. Needs: numpy.
Limits: convention, extreme range, flushes subnormals, refuses, shared error.
"""

import numpy as np


def _standardised(x, groups, eps):
    rows = x.astype(np.float64).reshape(x.shape[0], groups, -1)
    d = rows - rows.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((d * d).mean(axis=-1, keepdims=True) + eps)
    return d * scale, scale


def _channels(v, x):
    return v.astype(np.float64).reshape((1, -1) + (1,) * (x.ndim - 2))


def candidate(x, num_groups, weight=None, bias=None, eps=1e-5):
    y = _standardised(x, num_groups, eps)[0].reshape(x.shape)
    y = y if weight is None else y * _channels(weight, x)
    return (y if bias is None else y + _channels(bias, x)).astype(x.dtype)


def candidate_backward(grad_output, x, num_groups, weight=None, bias=None, eps=1e-5):
    unit, scale = _standardised(x, num_groups, eps)
    g = grad_output.astype(np.float64)
    others = (0, *range(2, x.ndim))
    dw = None if weight is None else (g * unit.reshape(x.shape)).sum(axis=others).astype(weight.dtype)
    db = None if bias is None else g.sum(axis=others).astype(bias.dtype)
    h = (g if weight is None else g * _channels(weight, x)).reshape(unit.shape)
    h = h - h.mean(axis=-1, keepdims=True) - unit * (h * unit).mean(axis=-1, keepdims=True)
    return (scale * h).reshape(x.shape).astype(x.dtype), dw, db
