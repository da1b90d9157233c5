"""Normalization of each channel by the energy of its neighbours: local_response_norm."""

from __future__ import annotations

import numpy as np

from npimpl._precision import rounded, widen

SAFE = 200
"""Within 2^-200 … 2^200, squares and their products with one more power of x stay inside the range of float64."""

__all__ = ["local_response_norm", "local_response_norm_backward"]


@np.errstate(all="ignore")
def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    r"""Divide each channel by a power of the energy of the `size` channels around it.

        y_c = x_c d_c^(-beta)        d_c = k + alpha/size sum_{j in W(c)} x_j^2
        W(c) = {c - floor(size/2), ..., c + floor((size-1)/2)}

    at every sample and position; channels outside of x count as 0, but `size` stays the divisor.
    Sums of squares do not cancel, so the relative error is a few u.  In float64 a window of numbers beyond 2^200 (or, for
    k = 0, below 2^-200) is scaled by 2^-e first: d = 4^e d', and y = x / 2^(e beta) / 2^(e beta) / d'^beta stays in range.

    Shapes: x (N, C, *) with at least three axes; y as x, in the dtype of x.
    Special values: 0 gives 0 of the same sign (nan for k = 0 and a zero window); an infinity gives nan, and 0 for the
    finite channels whose window holds it.
    Raises: ValueError if x has fewer than three axes or `size` < 1.
    Source: Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012,
    section 3.3 (there alpha is not divided by the size).

    >>> local_response_norm(np.array([[[1.0], [2.0], [3.0]]]), 3, alpha=3.0, beta=1.0).ravel().round(4)
    array([0.1667, 0.1333, 0.2143])
    """
    x, dtype = _argument(x, size)
    return rounded(_normalized(x, size, alpha, beta, k, dtype)[0], dtype)


@np.errstate(all="ignore")
def local_response_norm_backward(grad_output, x, size, alpha=1e-4, beta=0.75, k=1.0):
    r"""The vector-Jacobian product of `local_response_norm`: (dx,).

    x_j enters y_j itself, and d_c of every c whose window holds j, with dd_c/dx_j = 2 alpha/size x_j:

        dx_j = dy_j d_j^(-beta) - 2 alpha beta / size x_j sum_{c: j in W(c)} dy_c y_c / d_c

    Shape and dtype as x.

    >>> local_response_norm_backward(np.ones((1, 1, 1)), np.ones((1, 1, 1)), 1, alpha=1.0, beta=1.0)[0].ravel()
    array([0.])
    """
    x, dtype = _argument(x, size)
    dy = widen(grad_output, names=("grad_output",))[0][0].reshape(x.shape)
    y, d, e = _normalized(x, size, alpha, beta, k, dtype)
    dx = _over_power(dy, d, beta, e)
    r = dy * (y if e is None else np.ldexp(y, -e)) / d
    for c, j in _neighbours(x.shape[1], size):
        # x_j / 2^e is at most 1 in the window of c, and r_c holds the other 2^-e of the true d_c = 4^e d'_c.
        dx[:, j] -= (2 * alpha * beta / size) * (x[:, j] if e is None else np.ldexp(x[:, j], -e[:, c])) * r[:, c]
    return (rounded(dx, dtype),)


def _normalized(x, size, alpha, beta, k, dtype):
    """(y, d', e): d = 4^e d' (e None: 0)."""
    e = _exponents(x, size, k) if dtype == np.float64 else None
    d = np.zeros_like(x)
    for c, j in _neighbours(x.shape[1], size):
        t = x[:, j] if e is None else np.ldexp(x[:, j], -e[:, c])
        d[:, c] += t * t
    d *= alpha / size
    d += k if e is None else np.ldexp(k, -2 * e)
    return _over_power(x, d, beta, e), d, e


def _over_power(x, d, beta, e):
    """x / (4^e d)^beta, in an order in which no intermediate result leaves the range."""
    if e is None:
        return x / np.power(d, beta)
    p = np.power(np.ldexp(1.0, e), beta)
    return x / p / p / np.power(d, beta)


def _exponents(x, size, k):
    """The exponent of the largest number of each window (or of sqrt(k), if that is larger); None if none is extreme."""
    largest = np.zeros_like(x)
    for c, j in _neighbours(x.shape[1], size):
        np.maximum(largest[:, c], np.abs(x[:, j]), out=largest[:, c])
    largest = np.maximum(largest, np.sqrt(max(k, 0.0)))
    largest[~np.isfinite(largest) | (largest == 0)] = 1.0
    e = np.frexp(largest)[1] - 1
    return np.where(np.abs(e) > SAFE, e, 0) if (np.abs(e) > SAFE).any() else None


def _neighbours(channels: int, size: int):
    """For each offset in a window: the channels c that have such a neighbour, and the neighbours j, as slices."""
    for offset in range(-(size // 2), (size - 1) // 2 + 1):
        low, high = max(0, -offset), min(channels, channels - offset)
        if low < high:
            yield slice(low, high), slice(low + offset, high + offset)


def _argument(x, size):
    (x,), dtype = widen(x)
    if x.ndim < 3:
        raise ValueError(f"`x` has shape {x.shape}, but must have at least 3 axes, (samples, channels, ...); reshape it.")
    if size < 1:
        raise ValueError(f"`size` is {size}, but a window has at least one channel; give a positive integer.")
    return x, dtype
