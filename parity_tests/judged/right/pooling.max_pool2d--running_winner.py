"""pooling.max_pool2d: right.

Style: Sliding windows and a running winner over the taps that lie inside the image; bincount. Needs: numpy.
Written for x.ndim == 4: right with --where "x.ndim == 4".
Limits: refuses.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _tuple(v, n):
    return tuple(v) if isinstance(v, (tuple, list)) else (v,) * n


def _geometry(x, kernel_size, stride, padding, dilation, ceil_mode):
    n = x.ndim - 2
    kernel = _tuple(kernel_size, n)
    stride = kernel if stride is None else _tuple(stride, n)
    padding, dilation = _tuple(padding, n), _tuple(dilation, n)
    out = []
    for m, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=False):
        room = m + 2 * p - d * (k - 1) - 1
        count = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (count - 1) * s >= m + p:
            count -= 1
        out.append(count)
    return kernel, stride, padding, dilation, tuple(out)


def _windows(x, kernel, stride, padding, dilation, out):
    n = x.ndim - 2
    reach = [(o - 1) * s + d * (k - 1) + 1 for o, s, d, k in zip(out, stride, dilation, kernel, strict=False)]
    pads = [(p, max(r - m - p, 0)) for p, r, m in zip(padding, reach, x.shape[2:], strict=False)]
    xp = np.pad(x, [(0, 0), (0, 0), *pads], constant_values=-np.inf)
    span = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=False))
    w = sliding_window_view(xp, span, axis=tuple(range(2, 2 + n)))
    w = w[
        (slice(None),) * 2
        + tuple(slice(0, (o - 1) * s + 1, s) for o, s in zip(out, stride, strict=False))
        + tuple(slice(None, None, d) for d in dilation)
    ]
    return w.reshape((*w.shape[: 2 + n], -1))


def _winners(x, kernel, stride, padding, dilation, out):
    w = _windows(x, kernel, stride, padding, dilation, out)
    value = np.full(w.shape[:-1], -np.inf, x.dtype)
    flat = np.zeros(w.shape[:-1], np.int64)
    fresh = np.ones(w.shape[:-1], bool)
    for t, tap in enumerate(np.ndindex(*kernel)):
        place = np.zeros(out, np.int64)
        inside = np.ones(out, bool)
        for axis, (o, s, p, d, m) in enumerate(zip(out, stride, padding, dilation, x.shape[2:], strict=False)):
            at = (np.arange(o) * s - p + tap[axis] * d).reshape([-1 if a == axis else 1 for a in range(len(out))])
            inside = inside & (at >= 0) & (at < m)
            place = place * m + at
        v = w[..., t]
        take = inside & (fresh | (v > value) | np.isnan(v))
        value = np.where(take, v, value)
        flat = np.where(take, place, flat)
        fresh = fresh & ~take
    return value, flat


def candidate(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    geometry = _geometry(x, kernel_size, stride, padding, dilation, ceil_mode)
    value, flat = _winners(x, *geometry)
    return (value, flat) if return_indices else value


def candidate_backward(grad_output, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if isinstance(grad_output, tuple):
        grad_output = grad_output[0]
    geometry = _geometry(x, kernel_size, stride, padding, dilation, ceil_mode)
    _, flat = _winners(x, *geometry)
    planes = x.shape[0] * x.shape[1]
    size = x[0, 0].size
    at = flat.reshape(planes, -1) + np.arange(planes)[:, None] * size
    gx = np.bincount(at.ravel(), weights=grad_output.astype(np.float64).ravel(), minlength=planes * size)
    return (gx.reshape(x.shape).astype(x.dtype),)
