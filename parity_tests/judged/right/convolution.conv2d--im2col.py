"""convolution.conv2d: right.

Style: sliding windows copied to a matrix, one product per group. Needs: numpy.
Limits: shared error.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _pair(v):
    return tuple(v) if isinstance(v, (tuple, list)) else (v, v)


def _pads(kernel, padding, dilation):
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if padding == "same":
        extra = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return [(e // 2, e - e // 2) for e in extra]
    return [(p, p) for p in _pair(padding)]


def candidate(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    s, d, kernel = _pair(stride), _pair(dilation), weight.shape[2:]
    images = (x[None] if x.ndim == 3 else x).astype(np.float64)
    images = np.pad(images, [(0, 0), (0, 0), *_pads(kernel, padding, d)])
    span = [f * (k - 1) + 1 for f, k in zip(d, kernel, strict=True)]
    windows = sliding_window_view(images, span, axis=(2, 3))[:, :, :: s[0], :: s[1], :: d[0], :: d[1]]
    n, _, p, q = windows.shape[:4]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * p * q, groups, weight[0].size)
    filters = weight.astype(np.float64).reshape(groups, len(weight) // groups, weight[0].size)
    y = np.stack([columns[:, g] @ filters[g].T for g in range(groups)], axis=1)
    y = y.reshape(n, p, q, len(weight)).transpose(0, 3, 1, 2)
    y = y if bias is None else y + bias.astype(np.float64)[:, None, None]
    return (y[0] if x.ndim == 3 else y).astype(x.dtype)
