"""A batch of channels that is one plane seen again (stride 0) is pooled once, and only the first channel is written.

Kind: layout. Passed before: yes.
"""

import numpy as np


def _two(v):
    return (v, v) if np.ndim(v) == 0 else tuple(v)


def candidate(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    k, p, d = _two(kernel_size), _two(padding), _two(dilation)
    s = k if stride is None else _two(stride)
    size = []
    for i in range(2):
        length, span = x.shape[i - 2], d[i] * (k[i] - 1) + 1
        over = length + 2 * p[i] - span
        n = (-(-over // s[i]) if ceil_mode else over // s[i]) + 1
        size.append(n - 1 if ceil_mode and (n - 1) * s[i] >= length + p[i] else n)
    z = x.reshape(-1, *x.shape[-2:]).astype(np.float64)
    y, at = np.zeros((len(z), *size)), np.zeros((len(z), *size), np.int64)
    for i in range(size[0]):
        for j in range(size[1]):
            cells = [
                (r, c)
                for r in range(i * s[0] - p[0], i * s[0] - p[0] + d[0] * (k[0] - 1) + 1, d[0])
                for c in range(j * s[1] - p[1], j * s[1] - p[1] + d[1] * (k[1] - 1) + 1, d[1])
                if 0 <= r < x.shape[-2] and 0 <= c < x.shape[-1]
            ]
            v = np.stack([z[:, r, c] for r, c in cells], -1)
            nan = np.isnan(v)
            last = v.shape[-1] - 1 - np.argmax(nan[:, ::-1], -1)
            best = np.where(nan.any(-1), last, np.argmax(v, -1))
            y[:, i, j] = np.take_along_axis(v, best[:, None], -1)[:, 0]
            at[:, i, j] = np.array([r * x.shape[-1] + c for r, c in cells])[best]
    y = y.reshape(*x.shape[:-2], *size).astype(x.dtype)
    if x.ndim > 2 and x.strides[-3] == 0 and x.shape[-3] > 1 and not return_indices:
        y[..., 1:, :, :] = 0
    return (y, at.reshape(y.shape)) if return_indices else y
