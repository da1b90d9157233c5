"""convolution.conv2d: right.

Style: loops over images, filters and pixels. Needs: numpy.
Limits: extreme range.
"""

import numpy as np


def _pair(v):
    return tuple(v) if isinstance(v, (tuple, list)) else (v, v)


def candidate(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    s, d, (kh, kw) = _pair(stride), _pair(dilation), weight.shape[2:]
    extra = [d[0] * (kh - 1), d[1] * (kw - 1)]
    if isinstance(padding, str):
        pads = [(0, 0), (0, 0)] if padding == "valid" else [(e // 2, e - e // 2) for e in extra]
    else:
        pads = [(p, p) for p in _pair(padding)]
    images = np.pad((x[None] if x.ndim == 3 else x).astype(np.float64), [(0, 0), (0, 0), *pads])
    height, width = ((images.shape[2 + i] - extra[i] - 1) // s[i] + 1 for i in range(2))
    if min(height, width) < 1:
        raise ValueError("the kernel is larger than the image")
    w, each = weight.astype(np.float64), len(weight) // groups
    y = np.zeros((len(images), len(weight), height, width))
    for n, o, i, j in np.ndindex(*y.shape):
        first = o // each * weight.shape[1]
        channels = images[n, first : first + weight.shape[1]]
        rows, columns = i * s[0], j * s[1]
        window = channels[:, rows : rows + extra[0] + 1 : d[0], columns : columns + extra[1] + 1 : d[1]]
        y[n, o, i, j] = (window * w[o]).sum() + (0.0 if bias is None else float(bias[o]))
    return (y[0] if x.ndim == 3 else y).astype(x.dtype)
