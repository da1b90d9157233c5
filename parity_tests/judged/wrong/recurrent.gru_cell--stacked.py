"""recurrent.gru_cell: the slope of the candidate gate is 1 - n n, whose digits are lost where the gate saturates.

It was taken for right: in float32 the gradient of w_hh is off by 0.5 % at a saturated gate, sixteen times as far as torch's.
Kind: sharing.
Passed before: yes.
"""

import numpy as np


def _parts(x, h, w_ih, w_hh, b_ih, b_hh):
    n = h.shape[1]
    a, b = np.dot(x, w_ih.T), np.dot(h, w_hh.T)
    a = a if b_ih is None else a + b_ih
    b = b if b_hh is None else b + b_hh
    gates = np.exp(-np.logaddexp(0, -(a[:, : 2 * n] + b[:, : 2 * n])))
    r, z = gates[:, :n], gates[:, n:]
    new = np.tanh(a[:, 2 * n :] + r * b[:, 2 * n :])
    return r, z, new, b[:, 2 * n :]


def candidate(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    _r, z, new, _ = _parts(x, h, w_ih, w_hh, b_ih, b_hh)
    return (z * h + (1 - z) * new).astype(x.dtype)


def candidate_backward(grad_output, x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    r, z, new, hn = _parts(x, h, w_ih, w_hh, b_ih, b_hh)
    g = grad_output
    gn = g * (1 - z) * (1 - new**2)
    gz = g * (h - new) * z * (1 - z)
    gr = gn * hn * r * (1 - r)
    ga = np.concatenate([gr, gz, gn], axis=1)
    gb = np.concatenate([gr, gz, gn * r], axis=1)
    grads = (
        ga @ w_ih,
        gb @ w_hh + g * z,
        ga.T @ x,
        gb.T @ h,
        None if b_ih is None else ga.sum(axis=0),
        None if b_hh is None else gb.sum(axis=0),
    )
    return tuple(None if a is None else a.astype(x.dtype) for a in grads)
