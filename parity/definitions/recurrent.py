"""One step of a recurrent layer, as defined: gates of affine maps."""

from __future__ import annotations

import numpy as np
from flint import arb

from parity.definitions._functions import maximum, minimum, ratio, scaled, where


def _sigmoid(a):
    return 1 / (1 + np.exp(-a))


def _affine(x, weight, bias):
    y = np.matmul(x, weight.T)
    return y if bias is None else y + bias


def lstm_cell(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    i, f, g, o = np.split(_affine(x, w_ih, b_ih) + _affine(h, w_hh, b_hh), 4, axis=-1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def gru_cell(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    r_x, z_x, n_x = np.split(_affine(x, w_ih, b_ih), 3, axis=-1)
    r_h, z_h, n_h = np.split(_affine(h, w_hh, b_hh), 3, axis=-1)
    z = _sigmoid(z_x + z_h)
    n = np.tanh(n_x + _sigmoid(r_x + r_h) * n_h)
    return (1 - z) * n + z * h


# -- scales: running error analysis, in units of u --------------------------------------------------------------------------
# Each gate s(a) is known by four bounds: its size v, its error e, its slope d and the error of the slope r.  The argument a
# comes from sums of products with an error of u A, A being the same sums of absolute values.  Where A is so large that u A is
# no longer small against 1, first-order terms at the exact a would say nothing, so that sizes and slopes are bounded over a
# neighbourhood of a, of radius A 2^-20.  A gate at infinity is saturated, and exact.


LARGE = arb(2) ** 4096


def _slope(a, reach):
    """The largest sigmoid'(t) for |t - a| <= reach."""
    e = np.exp(-maximum(abs(a) - reach, 0 * reach))
    return e / (1 + e) ** 2


def _bounds(value, a, A, first, second):
    """(v, e, d, r) of a gate with |s'| = first^2 sigmoid'(first a) and |s''| <= second |s'|."""
    near = A * ratio(1, 2**20)
    v, d = minimum(1 + 0 * A, abs(value) + near), first**2 * _slope(first * a, first * near)
    exact = (abs(value), abs(value), 0 * value, 0 * value)
    inside = (abs(a) < LARGE) & (A < LARGE)
    return tuple(where(inside, bound, e) for bound, e in zip((v, v + A * d, d, d * (1 + second * A)), exact, strict=True))


def _sigmoid_bounds(a, A):
    return _bounds(_sigmoid(a), a, A, 1, 1)


def _tanh_bounds(a, A):
    return _bounds(np.tanh(a), a, A, 2, 2)


def _absolute(x, weight, bias):
    return _affine(abs(x), abs(weight), None if bias is None else abs(bias))


def _affine_backward_scale(dp, dq, x, h, w_ih, w_hh, b_ih, b_hh):
    def through(d, a, w, b):
        d, a = d.reshape(-1, d.shape[-1]), a.reshape(-1, a.shape[-1])
        return np.matmul(d, abs(w)), np.matmul(d.T, abs(a)), None if b is None else d.sum(0)

    (dx, dw_ih, db_ih), (dh, dw_hh, db_hh) = through(dp, x, w_ih, b_ih), through(dq, h, w_hh, b_hh)
    return dx.reshape(x.shape), dh.reshape(h.shape), dw_ih, dw_hh, db_ih, db_hh


def _lstm_bounds(x, h, c, w_ih, w_hh, b_ih, b_hh):
    values = np.split(_affine(x, w_ih, b_ih) + _affine(h, w_hh, b_hh), 4, axis=-1)
    sizes = np.split(_absolute(x, w_ih, b_ih) + _absolute(h, w_hh, b_hh), 4, axis=-1)
    gates = (_sigmoid_bounds, _sigmoid_bounds, _tanh_bounds, _sigmoid_bounds)
    i, f, g, o = (gate(*at) for gate, *at in zip(gates, values, sizes, strict=True))
    c_next = _sigmoid(values[1]) * c + _sigmoid(values[0]) * np.tanh(values[2])
    c_error = abs(c) * f[1] + i[1] * g[0] + i[0] * g[1]
    return i, f, g, o, c_error, _tanh_bounds(c_next, c_error)


def lstm_cell_scale(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    *_, o, c_error, t = _lstm_bounds(x, h, c, w_ih, w_hh, b_ih, b_hh)
    return o[1] * t[0] + o[0] * t[1], c_error


def lstm_cell_backward_scale(grad_output, x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    dh, dc = (abs(d) for d in grad_output)
    i, f, g, o, _, t = _lstm_bounds(x, h, c, w_ih, w_hh, b_ih, b_hh)
    e = dc + dh * o[0] * t[2]
    e_error = e + dh * (o[1] * t[2] + o[0] * t[3])
    da = [
        e_error * g[0] * i[2] + e * (g[1] * i[2] + g[0] * i[3]),
        abs(c) * (e_error * f[2] + e * f[3]),
        e_error * i[0] * g[2] + e * (i[1] * g[2] + i[0] * g[3]),
        dh * (t[1] * o[2] + t[0] * o[3]),
    ]
    da = np.concatenate(da, axis=-1)
    dx, dh, *weights = _affine_backward_scale(da, da, x, h, w_ih, w_hh, b_ih, b_hh)
    return dx, dh, e_error * f[0] + e * f[1], *weights


def _gru_bounds(x, h, w_ih, w_hh, b_ih, b_hh):
    (r_x, z_x, n_x), (r_h, z_h, n_h) = (np.split(_affine(*a), 3, axis=-1) for a in ((x, w_ih, b_ih), (h, w_hh, b_hh)))
    (R_x, Z_x, N_x), (R_h, Z_h, N_h) = (np.split(_absolute(*a), 3, axis=-1) for a in ((x, w_ih, b_ih), (h, w_hh, b_hh)))
    r = _sigmoid_bounds(r_x + r_h, R_x + R_h)
    z, rest = _sigmoid_bounds(z_x + z_h, Z_x + Z_h), _sigmoid_bounds(-z_x - z_h, Z_x + Z_h)
    n = _tanh_bounds(n_x + _sigmoid(r_x + r_h) * n_h, N_x + r[1] * abs(n_h) + r[0] * N_h)
    return r, z, rest, n, abs(n_h), N_h


def gru_cell_scale(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    _, z, rest, n, _, _ = _gru_bounds(x, h, w_ih, w_hh, b_ih, b_hh)
    return rest[1] * n[0] + rest[0] * n[1] + z[1] * abs(h)


def gru_cell_backward_scale(grad_output, x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    dy = abs(grad_output)
    r, z, rest, n, q_n, q_error = _gru_bounds(x, h, w_ih, w_hh, b_ih, b_hh)
    dz = dy * ((abs(h) + n[1]) * z[2] + (abs(h) + n[0]) * z[3])
    dn, dn_error = dy * rest[0] * n[2], dy * (rest[1] * n[2] + rest[0] * n[3])
    dr = dn_error * q_n * r[2] + dn * (q_error * r[2] + q_n * r[3])
    dp, dq = np.concatenate([dr, dz, dn_error], axis=-1), np.concatenate([dr, dz, dn_error * r[0] + dn * r[1]], axis=-1)
    dx, dh, *weights = _affine_backward_scale(dp, dq, x, h, w_ih, w_hh, b_ih, b_hh)
    return dx, dh + dy * z[1], *weights


scaled(lstm_cell_scale, lstm_cell_backward_scale)(lstm_cell)
scaled(gru_cell_scale, gru_cell_backward_scale)(gru_cell)
