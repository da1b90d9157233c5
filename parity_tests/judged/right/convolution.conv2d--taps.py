"""convolution.conv2d: right.

Style: a loop over the taps of the kernel, shifted slices, gradient included. Needs: numpy.
Written for x.ndim == 4: right with --where "x.ndim == 4".
Limits: extreme range, refuses.
"""

import numpy as np


def _pair(v):
    return tuple(v) if isinstance(v, (tuple, list)) else (v, v)


def _padded(x, weight, padding, dilation):
    if padding == "valid":
        pads = [(0, 0), (0, 0)]
    elif padding == "same":
        extra = [d * (k - 1) for d, k in zip(_pair(dilation), weight.shape[2:], strict=True)]
        pads = [(e // 2, e - e // 2) for e in extra]
    else:
        pads = [(p, p) for p in _pair(padding)]
    return np.pad(x.astype(np.float64), [(0, 0), (0, 0), *pads]), pads


def _taps(z, weight, stride, dilation):
    s, d, kernel = _pair(stride), _pair(dilation), weight.shape[2:]
    out = [(z.shape[2 + i] - d[i] * (kernel[i] - 1) - 1) // s[i] + 1 for i in range(2)]
    if min(out) < 1:
        raise ValueError("the kernel is larger than the image")
    for k in np.ndindex(*kernel):
        rows, columns = (slice(k[i] * d[i], k[i] * d[i] + (out[i] - 1) * s[i] + 1, s[i]) for i in range(2))
        yield k, rows, columns, out


def candidate(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    z, _ = _padded(x, weight, padding, dilation)
    w = weight.astype(np.float64).reshape(groups, -1, *weight.shape[1:])
    y = 0.0
    for (i, j), rows, columns, out in _taps(z, weight, stride, dilation):
        part = z[:, :, rows, columns].reshape(len(x), groups, -1, *out)
        y = y + np.einsum("ngchw,goc->ngohw", part, w[..., i, j])
    y = y.reshape(len(x), len(weight), *out)
    return (y if bias is None else y + bias.astype(np.float64)[:, None, None]).astype(x.dtype)


def candidate_backward(grad_output, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    z, pads = _padded(x, weight, padding, dilation)
    w = weight.astype(np.float64).reshape(groups, -1, *weight.shape[1:])
    g = grad_output.astype(np.float64)
    split = g.reshape(len(x), groups, -1, *g.shape[2:])
    dz, dw = np.zeros_like(z), np.zeros_like(w)
    for (i, j), rows, columns, out in _taps(z, weight, stride, dilation):
        part = z[:, :, rows, columns].reshape(len(x), groups, -1, *out)
        dw[..., i, j] = np.einsum("ngchw,ngohw->goc", part, split)
        dz[:, :, rows, columns] += np.einsum("ngohw,goc->ngchw", split, w[..., i, j]).reshape(len(x), -1, *out)
    inner = tuple(slice(a, n - b) for (a, b), n in zip(pads, z.shape[2:], strict=True))
    db = None if bias is None else g.sum(axis=(0, 2, 3)).astype(bias.dtype)
    return dz[(..., *inner)].astype(x.dtype), dw.reshape(weight.shape).astype(weight.dtype), db
