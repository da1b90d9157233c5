"""Convolution, as defined: for every output pixel, the sum over channels and kernel positions."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import scaled


def _two(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def _border(padding, kernel, dilation):
    """(before, behind) along both axes."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        spare = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((s // 2, s - s // 2) for s in spare)
    return tuple((p, p) for p in _two(padding))


@scaled("absolute", "absolute")
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if x.ndim == 3:
        return conv2d(x[None], weight, bias, stride, padding, dilation, groups)[0]
    (s, t), (d, e), (k, m) = _two(stride), _two(dilation), weight.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), *_border(padding, (k, m), (d, e))))
    rows, columns = (x.shape[2] - d * (k - 1) - 1) // s + 1, (x.shape[3] - e * (m - 1) - 1) // t + 1
    filters, channels = weight.shape[0] // groups, weight.shape[1]
    y = np.empty((x.shape[0], weight.shape[0], rows, columns), object)
    for o in range(weight.shape[0]):
        own = x[:, o // filters * channels : (o // filters + 1) * channels]
        for p in range(rows):
            for q in range(columns):
                window = own[:, :, p * s : p * s + d * (k - 1) + 1 : d, q * t : q * t + e * (m - 1) + 1 : e]
                y[:, o, p, q] = (window * weight[o]).sum((1, 2, 3))
    return y if bias is None else y + bias[:, None, None]
