"""Pooling, as defined: one window after another."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import scaled


def _two(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def _starts(n, kernel, stride, padding, dilation, ceil_mode):
    """Where the windows of one axis start; in ceil mode the last may end outside, but must start before the far padding."""
    last = n + 2 * padding - dilation * (kernel - 1) - 1
    count = (last + (stride - 1 if ceil_mode else 0)) // stride + 1
    return [s for s in range(-padding, -padding + count * stride, stride) if not ceil_mode or s < n]


def _windows(x, kernel_size, stride, padding, dilation, ceil_mode):
    """(p, q, start and positions of the window along H, the same along W) for every output pixel."""
    kernel, padding, dilation = _two(kernel_size), _two(padding), _two(dilation)
    stride = kernel if stride is None else _two(stride)
    starts = [_starts(*a, ceil_mode) for a in zip(x.shape[-2:], kernel, stride, padding, dilation, strict=True)]
    inside = [
        [[s + i * d for i in range(k) if 0 <= s + i * d < n] for s in axis]
        for axis, k, d, n in zip(starts, kernel, dilation, x.shape[-2:], strict=True)
    ]
    return starts, inside


def _beats(a, b):
    return a != a or a > b


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The first of equal maxima; the last nan."""
    _, (rows, columns) = _windows(x, kernel_size, stride, padding, dilation, ceil_mode)
    images = x.reshape(-1, *x.shape[-2:])
    index = np.empty((len(images), len(rows), len(columns)), np.int64)
    for n, image in enumerate(images):
        for p, i in enumerate(rows):
            for q, j in enumerate(columns):
                best = (i[0], j[0])
                for place in ((a, b) for a in i for b in j):
                    best = place if _beats(image[place], image[best]) else best
                index[n, p, q] = best[0] * x.shape[-1] + best[1]
    flat = images.reshape(len(images), x.shape[-2] * x.shape[-1])
    shape = (*x.shape[:-2], len(rows), len(columns))
    y = np.take_along_axis(flat, index.reshape(len(images), len(rows) * len(columns)), axis=1).reshape(shape)
    return (y, index.reshape(shape)) if return_indices else y


@scaled("absolute", "absolute")
def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    starts, (rows, columns) = _windows(x, kernel_size, stride, padding, 1, ceil_mode)
    tall, wide = (
        [min(s + k, n + p) - s for s in axis]
        for axis, k, n, p in zip(starts, _two(kernel_size), x.shape[-2:], _two(padding), strict=True)
    )
    y = np.empty((*x.shape[:-2], len(rows), len(columns)), object)
    for p, i in enumerate(rows):
        for q, j in enumerate(columns):
            count = divisor_override or (tall[p] * wide[q] if count_include_pad else len(i) * len(j))
            y[..., p, q] = x[..., i[0] : i[-1] + 1, j[0] : j[-1] + 1].sum((-2, -1)) / count
    return y
