"""Linear algebra by determinants: Laplace's expansion and Cramer's rule.

Hopeless in floats and exactly right in balls: there is no division before the last step, so no pivot has to be chosen,
and whether a matrix is singular is decided exactly.
"""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import nan, ratio, scaled


def _determinant(a):
    """sum_k (-1)^k a[0, k] det(a without row 0 and column k); determinants of the lower rows are remembered."""
    known = {(): 1}

    def expand(columns):
        if columns not in known:
            row, total = len(a) - len(columns), None
            for k, c in enumerate(columns):
                term = a[row, c] * expand(columns[:k] + columns[k + 1 :])
                total = term if total is None else total - term if k % 2 else total + term
            known[columns] = total
        return known[columns]

    return expand(tuple(range(len(a))))


def _inverse(a):
    """The adjugate over the determinant."""
    d = _determinant(a)
    out = np.empty(a.shape, object)
    for i, j in np.ndindex(*a.shape):
        minor = _determinant(np.delete(np.delete(a, j, 0), i, 1))
        out[i, j] = (minor if (i + j) % 2 == 0 else -minor) / d
    return out


def _systems(a, b):
    """(matrices, right-hand sides as columns, whether b held vectors), leading axes broadcast."""
    vector = b.ndim == 1 or b.shape == a.shape[:-1]
    b = b[..., None] if vector else b
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return np.broadcast_to(a, lead + a.shape[-2:]), np.broadcast_to(b, lead + b.shape[-2:]), vector


def _each(function, a, *others):
    """`function` of every matrix of a batch (and the matrices that go with it)."""
    results = {i: function(a[i], *(o[i] for o in others)) for i in np.ndindex(*a.shape[:-2])}
    shape = next(iter(results.values())).shape if results else others[0].shape[-2:] if others else a.shape[-2:]
    out = np.empty(a.shape[:-2] + shape, object)
    for i, value in results.items():
        out[i] = value
    return out


def _cramer(a, b):
    """x[j, k] = det(A with column j replaced by column k of B) / det(A)."""
    d = _determinant(a)
    x = np.empty(b.shape, object)
    for j, k in np.ndindex(*b.shape):
        replaced = a.copy()
        replaced[:, j] = b[:, k]
        x[j, k] = _determinant(replaced) / d
    return x


def solve_scale(a, b):
    """|A^-1| |A| |x|: what a relative change u of each entry of A does to x."""
    matrices, columns, vector = _systems(a, b)

    def each(m, r):
        return np.abs(_inverse(m)) @ (np.abs(m) @ np.abs(_cramer(m, r)))

    s = _each(each, matrices, columns)
    return s[..., 0] if vector else s


def solve_backward_scale(grad_output, a, b):
    """S_B = |A^-T| |A^T| |dB| for dB = A^-T G, and S_B |X|^T + |dB| S_X^T for dA = -dB X^T."""
    matrices, columns, vector = _systems(a, b)
    g = grad_output[..., None] if vector else grad_output

    def right(m, gm):
        return np.abs(_inverse(m).T) @ (np.abs(m).T @ np.abs(_cramer(m.T, gm)))

    def both(m, r, gm):
        x, db = np.abs(_cramer(m, r)), np.abs(_cramer(m.T, gm))
        sx = np.abs(_inverse(m)) @ (np.abs(m) @ x)
        return right(m, gm) @ x.T + db @ sx.T

    sa, sb = _each(lambda m, r, gm: both(m, r, gm), matrices, columns, g), _each(right, matrices, g)
    sa = sa.reshape(sa.shape[: len(columns.shape) - 2] + a.shape[-2:])
    return _summed(sa, a.shape), _summed(sb[..., 0] if vector else sb, b.shape)


def _summed(s, shape):
    """The sum over axes that were broadcast from `shape`."""
    s = s.sum(axis=tuple(range(s.ndim - len(shape))))
    for axis, n in enumerate(shape):
        if n == 1 and s.shape[axis] != 1:
            s = s.sum(axis=axis, keepdims=True)
    return s


@scaled(solve_scale, solve_backward_scale)
def solve(a, b):
    """X with A X = B, by Cramer's rule."""
    matrices, columns, vector = _systems(a, b)
    x = _each(_cramer, matrices, columns)
    return x[..., 0] if vector else x


def _condition(m):
    """sum_ij |A^-1_ji| |A_ij|: the relative change of det A by relative changes u of A's entries."""
    return np.sum(np.abs(_inverse(m)).T * np.abs(m))


def slogdet_scale(a):
    """(1, sum_ij |A^-1_ji| |A_ij| + |log|det A||)."""
    sign, y = slogdet(a)
    condition = np.empty(a.shape[:-2], object)
    for i in np.ndindex(*a.shape[:-2]):
        condition[i] = 0 if bool(sign[i] == 0) or len(a[i]) == 0 else _condition(a[i])
    return np.ones(sign.shape, object), condition + np.abs(y)


def slogdet_backward_scale(grad_output, a):
    """|g| (|A^-1| |A| |A^-1|)^T: what relative changes u of A's entries do to A^-T."""
    g, out = grad_output[1], np.empty(a.shape, object)
    sign, _ = slogdet(a)
    for i in np.ndindex(*a.shape[:-2]):
        if bool(sign[i] == 0):
            out[i] = 0
            continue
        inverse = np.abs(_inverse(a[i]))
        out[i] = (inverse @ np.abs(a[i]) @ inverse).T * np.abs(g[i])
    return (out,)


@scaled(slogdet_scale, slogdet_backward_scale)
def slogdet(a):
    """(sign of det A, log|det A|), the logarithm as log(det^2)/2; (0, -inf) for a singular matrix."""
    sign, y = np.empty(a.shape[:-2], object), np.empty(a.shape[:-2], object)
    for i in np.ndindex(*a.shape[:-2]):
        d = _determinant(a[i])
        sign[i] = 1.0 if d > 0 else -1.0 if d < 0 else 0.0 if d == 0 else nan
        y[i] = np.log(d * d) * ratio(1, 2) if len(a[i]) else 0.0
    return sign, y
