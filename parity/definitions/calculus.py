"""Calculus by its definition: the exact derivatives of a few functions, and known answers about gradients.

`function` names the function that is differentiated; the pair holds the same functions in NumPy and in torch.
"""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import maximum, ratio, scaled

U = ratio(1, 2**53)
STEP = 6.9e-6
"""About cbrt(3u): the step at which the bound of a central difference is smallest."""


def _sensitivity(i, j):
    """The coefficients of the quadratic map f_i = x_i sum_j (i + 1 - 2j) x_j."""
    return i + 1 - 2 * j


def _weights(n):
    """The weights of the softmax's outputs."""
    return np.array([2 ** (i % 3) for i in range(n)], object)


def _softmax(x, reach):
    """dy_i/dx_j = w_i s_i ([i = j] - s_j), y = w s, s the softmax, w the weights.

    As a function of one x_j alone y is a logistic curve, whose third derivative is nowhere larger than its first.
    """
    e = np.exp(x - maximum.reduce(x))
    y = e / np.sum(e)
    d = np.abs(x - maximum.reduce(x))
    w = _weights(len(x))
    jacobian = w[:, None] * (np.diag(y) - np.outer(y, y))
    return jacobian, np.abs(jacobian), w * y * (1 + d + np.sum(y * d))


def _x_sin_x(x, reach):
    """d(x sin x)/dx = sin x + x cos x on the diagonal; third derivative -3 sin x - x cos x."""
    flat = x.reshape(-1)
    first, third = np.sin(flat) + flat * np.cos(flat), np.abs(3 * np.sin(flat) + flat * np.cos(flat))
    bounded = np.array([r * r if bool(r < 1) else r for r in reach.reshape(-1)], object)
    return _on_diagonal(first, x.shape), _on_diagonal(third, x.shape), bounded.reshape(x.shape)


def _on_diagonal(values, shape):
    out = np.zeros((len(values), len(values)), object)
    for i, v in enumerate(values):
        out[i, i] = v
    return out.reshape(shape + shape)


def _quadratic(x, reach):
    """df_i/dx_j = x_i c_ij + [i = j] sum_k c_ik x_k; no third derivative."""
    n = len(x)
    c = np.array([[_sensitivity(i, j) for j in range(n)] for i in range(n)], object).reshape(n, n)
    jacobian = x[:, None] * c + np.diag(c @ x)
    return jacobian, 0 * jacobian, reach * (np.abs(c) @ reach)


def _sum_of_squares(x, reach):
    """d sum_k x_k^2 / dx_j = 2 x_j."""
    return 2 * x, 0 * x, np.sum(reach * reach)


def _shear(x, reach):
    """f_i = (i + 1) x_i x_(i+1), x_n = 1."""
    n, after, far = len(x), np.append(x, 1), np.append(reach, 1)
    jacobian = np.zeros((n, n), object)
    for i in range(n):
        jacobian[i, i] = (i + 1) * after[i + 1]
        jacobian[i, i + 1 : i + 2] = (i + 1) * x[i]
    return jacobian, 0 * jacobian, np.array([(i + 1) * far[i] * far[i + 1] for i in range(n)], object)


def _overlaps(x, reach):
    """f_i = (i + 1) x_i x_(i-1), x_(-1) = x_n = 1: one more than there are x_j."""
    n, around, far = len(x), np.append(np.append(1, x), 1), np.append(np.append(1, reach), 1)
    jacobian = np.zeros((n + 1, n), object)
    for j in range(n):
        jacobian[j, j] = (j + 1) * around[j]
        jacobian[j + 1, j] = (j + 2) * around[j + 2]
    return jacobian, 0 * jacobian, np.array([(i + 1) * far[i] * far[i + 1] for i in range(n + 1)], object)


FUNCTIONS = {
    "softmax": _softmax, "x_sin_x": _x_sin_x, "quadratic": _quadratic, "sum_of_squares": _sum_of_squares, "shear": _shear,
    "overlaps": _overlaps,
}  # fmt: skip
"""name: (x, reach) -> (Jacobian, |third derivatives|, errors of the values in units of u where |x| is up to `reach`)."""


def jacobian_scale(x, function, step=None):
    """|J| + (s^2/6 X^2 |third derivative| + d/(s X))/u, d the errors of f at the points used: the bound in units of u."""
    s, size = step or STEP, np.array([max(abs(float(v)), 1.0) for v in x.reshape(-1)]).reshape(x.shape)
    jacobian, third, errors = FUNCTIONS[function](x, np.asarray(np.abs(x) + s * size, object))
    errors = np.asarray(errors, object)
    errors = errors.reshape(errors.shape + (1,) * x.ndim)
    return np.abs(jacobian) + third * (s * s * size * size) * (ratio(1, 6) / U) + errors * (1 / (s * size))


@scaled(jacobian_scale)
def jacobian(x, function, step=None):
    """The derivatives of the named function by hand."""
    return FUNCTIONS[function](x, np.asarray(np.abs(x), object))[0]


def gradient_check(x, rng, function, gradient, directions=3):
    """Known: only the gradient called "right" is right."""
    return np.array(gradient == "right")
