"""The gradient kernel walks the incoming gradient in the order of its memory, and takes it for packed rows.

Kind: cotangents. Passed before: yes.
"""

import numpy as np


def _two(v):
    return (v, v) if np.ndim(v) == 0 else tuple(v)


def _windows(length, k, s, p, ceil_mode):
    over = length + 2 * p - k
    n = (-(-over // s) if ceil_mode else over // s) + 1
    if ceil_mode and (n - 1) * s >= length + p:
        n -= 1
    found = []
    for i in range(n):
        start = i * s - p
        stop = min(start + k, length + p)
        found.append((max(start, 0), min(start + k, length), stop - start))
    return found


def _plan(x, kernel_size, stride, padding, ceil_mode):
    k, p = _two(kernel_size), _two(padding)
    s = k if stride is None else _two(stride)
    return [_windows(x.shape[i - 2], k[i], s[i], p[i], ceil_mode) for i in range(2)]


def _divisor(row, column, count_include_pad, divisor_override):
    if divisor_override is not None:
        return divisor_override
    return row[2] * column[2] if count_include_pad else (row[1] - row[0]) * (column[1] - column[0])


def candidate(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    rows, columns = _plan(x, kernel_size, stride, padding, ceil_mode)
    y = np.zeros((*x.shape[:-2], len(rows), len(columns)), np.longdouble)
    z = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        for i, r in enumerate(rows):
            for j, c in enumerate(columns):
                total = z[..., r[0] : r[1], c[0] : c[1]].sum((-2, -1))
                y[..., i, j] = total / _divisor(r, c, count_include_pad, divisor_override)
        return y.astype(x.dtype)


def candidate_backward(
    grad_output, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    rows, columns = _plan(x, kernel_size, stride, padding, ceil_mode)
    dy = grad_output.ravel(order="K").reshape(grad_output.shape).astype(np.longdouble)
    dx = np.zeros(x.shape, np.longdouble)
    with np.errstate(all="ignore"):
        for i, r in enumerate(rows):
            for j, c in enumerate(columns):
                share = dy[..., i, j] / _divisor(r, c, count_include_pad, divisor_override)
                dx[..., r[0] : r[1], c[0] : c[1]] += share[..., None, None]
        return (dx.astype(x.dtype),)
