"""One step of a recurrent layer, as defined: gates of affine maps."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import maximum, minimum, ratio, scaled


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
