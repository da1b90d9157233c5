"""pooling.max_pool2d: right.

Style: loops over planes, windows and pixels. Needs: numpy.
"""

import math

import numpy as np


def _pair(v):
    return tuple(v) if isinstance(v, (tuple, list)) else (v, v)


def _length(n, k, s, p, d, ceil_mode):
    room = n + 2 * p - d * (k - 1) - 1
    count = (math.ceil(room / s) if ceil_mode else room // s) + 1
    return count - 1 if ceil_mode and (count - 1) * s >= n + p else count


def candidate(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    k, p, d = _pair(kernel_size), _pair(padding), _pair(dilation)
    s = k if stride is None else _pair(stride)
    size = x.shape[-2:]
    out = [_length(size[i], k[i], s[i], p[i], d[i], ceil_mode) for i in range(2)]
    y, at = np.empty((*x.shape[:-2], *out), x.dtype), np.zeros((*x.shape[:-2], *out), np.int64)
    for place in np.ndindex(*y.shape):
        *plane, i, j = place
        image, best = x[tuple(plane)], None
        for a, b in np.ndindex(*k):
            row, column = i * s[0] - p[0] + a * d[0], j * s[1] - p[1] + b * d[1]
            if 0 <= row < size[0] and 0 <= column < size[1]:
                v = image[row, column]
                if best is None or v > best or v != v:
                    best, at[place] = v, row * size[1] + column
        y[place] = best
    return (y, at) if return_indices else y
