"""recurrent.lstm_cell: right.

Style: the cell and its gradient gate by gate. Needs: scipy.
Written for x.ndim == 2: right with --where "x.ndim == 2".
Limits: convention, shared error.
"""

import numpy as np
from scipy.special import expit


def _slope_of_tanh(v):
    e = np.exp(-2 * np.abs(v))
    return 4 * e / (1 + e) ** 2


def _gates(x, h, w_ih, w_hh, b_ih, b_hh):
    a = x.astype(np.float64) @ w_ih.astype(np.float64).T + h.astype(np.float64) @ w_hh.astype(np.float64).T
    for b in (b_ih, b_hh):
        a = a if b is None else a + b.astype(np.float64)
    return np.split(a, 4, axis=1)


def candidate(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    i, f, g, o = _gates(x, h, w_ih, w_hh, b_ih, b_hh)
    new = expit(f) * c.astype(np.float64) + expit(i) * np.tanh(g)
    return (expit(o) * np.tanh(new)).astype(x.dtype), new.astype(x.dtype)


def candidate_backward(grad_output, x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    dh, dc = (d.astype(np.float64) for d in grad_output)
    i, f, g, o = _gates(x, h, w_ih, w_hh, b_ih, b_hh)
    old = c.astype(np.float64)
    new = expit(f) * old + expit(i) * np.tanh(g)
    dc = dc + dh * expit(o) * _slope_of_tanh(new)
    da = [
        dc * np.tanh(g) * expit(i) * expit(-i),
        dc * old * expit(f) * expit(-f),
        dc * expit(i) * _slope_of_tanh(g),
        dh * np.tanh(new) * expit(o) * expit(-o),
    ]
    da = np.concatenate(da, axis=1)
    grads = [da @ w_ih.astype(np.float64), da @ w_hh.astype(np.float64), dc * expit(f)]
    grads += [da.T @ x.astype(np.float64), da.T @ h.astype(np.float64)]
    grads += [None if b is None else da.sum(axis=0) for b in (b_ih, b_hh)]
    return tuple(None if d is None else d.astype(x.dtype) for d in grads)
