"""pooling.avg_pool2d: right.

Style: each window summed in float64. Needs: numpy.
Limits: refuses, shared error.
"""

import math

import numpy as np


def candidate(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    def pair(v):
        return tuple(v) if isinstance(v, (tuple, list)) else (v, v)

    k, p = pair(kernel_size), pair(padding)
    s = k if stride is None else pair(stride)
    size = x.shape[2:]
    out = []
    for a in range(2):
        n = size[a] + 2 * p[a] - k[a]
        o = (math.ceil(n / s[a]) if ceil_mode else n // s[a]) + 1
        out.append(o - 1 if ceil_mode and (o - 1) * s[a] >= size[a] + p[a] else o)
    y = np.empty(x.shape[:2] + tuple(out))
    for i, j in np.ndindex(*out):
        spans, area, whole = [], 1, 1
        for a, o in enumerate((i, j)):
            lo, hi = o * s[a] - p[a], min(o * s[a] - p[a] + k[a], size[a] + p[a])
            whole *= hi - lo
            lo, hi = max(lo, 0), min(hi, size[a])
            area *= hi - lo
            spans.append(slice(lo, hi))
        total = x[:, :, spans[0], spans[1]].sum(axis=(2, 3), dtype=np.float64)
        y[:, :, i, j] = total / (divisor_override or (whole if count_include_pad else area))
    return y.astype(x.dtype)
