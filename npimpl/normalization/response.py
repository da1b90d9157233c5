"""Normalization of each channel by the energy of its neighbours: local_response_norm."""

from __future__ import annotations

import numpy as np

from npimpl._precision import rounded, widen
from npimpl.reductions._wide import Wide, extreme, power, value

__all__ = ["local_response_norm", "local_response_norm_backward"]


@np.errstate(all="ignore")
def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    r"""Divide each channel by a power of the energy of the `size` channels around it.

        y_c = x_c d_c^(-beta)        d_c = k + alpha/size sum_{j in W(c)} x_j^2
        W(c) = {c - floor(size/2), ..., c + floor((size-1)/2)}

    at every sample and position; channels outside of x count as 0, but `size` stays the divisor.
    Sums of squares do not cancel, so the relative error is a few u.  A window of `size` squares is the sum of windows whose
    sizes are powers of two, each of them the sum of two windows of half its size: about log2(size) additions of whole arrays,
    and as few roundings.  Where powers would leave the range of float64, numbers get exponents of their own.

    Shapes: x (N, C, *) with at least three axes; y as x, in the dtype of x.
    Special values: 0 gives 0 of the same sign (nan for k = 0 and a zero window); an infinity gives nan, and 0 for the
    finite channels whose window holds it.
    Raises: ValueError if x has fewer than three axes or `size` < 1.
    Source: Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012,
    section 3.3 (there alpha is not divided by the size).

    >>> local_response_norm(np.array([[[1.0], [2.0], [3.0]]]), 3, alpha=3.0, beta=1.0).ravel().round(4)
    array([0.1667, 0.1333, 0.2143])
    """
    is_extreme = extreme(x)
    x, dtype = _argument(x, size)
    y, _ = _normalized(Wide(x) if is_extreme else x, size, alpha, beta, k)
    return rounded(value(y), dtype)


@np.errstate(all="ignore")
def local_response_norm_backward(grad_output, x, size, alpha=1e-4, beta=0.75, k=1.0):
    r"""The vector-Jacobian product of `local_response_norm`: (dx,).

    x_j enters y_j itself, and d_c of every c whose window holds j, with dd_c/dx_j = 2 alpha/size x_j:

        dx_j = dy_j d_j^(-beta) - 2 alpha beta / size x_j sum_{c: j in W(c)} dy_c y_c / d_c

    Shape and dtype as x.

    >>> local_response_norm_backward(np.ones((1, 1, 1)), np.ones((1, 1, 1)), 1, alpha=1.0, beta=1.0)[0].ravel()
    array([0.])
    """
    is_extreme = extreme(x, grad_output)
    x, dtype = _argument(x, size)
    dy = widen(grad_output, names=("grad_output",))[0][0].reshape(x.shape)
    x, dy = (Wide(x), Wide(dy)) if is_extreme else (x, dy)
    y, d = _normalized(x, size, alpha, beta, k)
    # the channels c whose windows hold j: j - (size-1)//2 to j + size//2, the mirror image of a window
    pull = _windows(dy * y / d, (size - 1) // 2, size // 2)
    dx = dy / power(d, beta) - (2 * alpha * beta / size) * x * pull
    return (rounded(value(dx), dtype),)


def _normalized(x, size, alpha, beta, k):
    """(y, d)."""
    d = _windows(x * x, size // 2, (size - 1) // 2)
    d *= alpha / size
    d += k
    return x / power(d, beta), d


def _windows(x, before: int, after: int):
    """For each channel c the sum of x over the channels c - before … c + after, those outside being 0."""
    n, size = x.shape[1], before + after + 1
    part = _padded(x, before, after)
    whole, start, width = 0.0, 0, 1
    while True:  # part[c] is the sum of `width` channels from c on, and whole[c] that of `start` channels
        if size & width:
            whole += part[:, start : start + n]
            start += width
        if start == size:
            return whole
        part = part[:, :-width] + part[:, width:]
        width *= 2


def _padded(x, before: int, after: int):
    """x with that many channels of zeros in front and behind."""
    if isinstance(x, Wide):
        return Wide(_padded(x.m, before, after), _padded(x.e, before, after))
    padded = np.zeros((x.shape[0], before + x.shape[1] + after, *x.shape[2:]), x.dtype)
    padded[:, before : before + x.shape[1]] = x
    return padded


def _argument(x, size):
    (x,), dtype = widen(x)
    if x.ndim < 3:
        raise ValueError(f"`x` has shape {x.shape}, but must have at least 3 axes, (samples, channels, ...); reshape it.")
    if size < 1:
        raise ValueError(f"`size` is {size}, but a window has at least one channel; give a positive integer.")
    return x, dtype
