"""Pooling over images: the largest and the average number of each window."""

from __future__ import annotations

import numpy as np

from npimpl._precision import as_float, rounded
from npimpl._windows import Windows, pair

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]


@np.errstate(all="ignore")
def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    r"""The largest number of each window of an image.

        y_ncpq = max_{k,l} x_{n, c, pS + kD - P, qS + lD - P}        over the positions inside the image

    for stride S (default: the kernel size), dilation D and padding P.  The padding never wins; it only moves windows.
    `ceil_mode` keeps a last window that starts inside the image but ends outside.  Nothing is rounded.

    Shapes: x (N, C, H, W) or (C, H, W); y (N, C, P, Q) or (C, P, Q) in the dtype of x (integers too), with
    P = floor((H + 2 padding - D (K - 1) - 1) / S) + 1, or ceil with `ceil_mode`.  With `return_indices` also the
    position h W + w of each maximum in its image, as int64.
    Special values: nan wins over every number; of several nan the last one is named, of equal maxima the first, in row
    order, so that -0.0 and 0.0 are equal.  A window of -inf gives -inf.
    Raises: ValueError for a wrong number of axes, padding beyond half the kernel, or a kernel larger than the image.
    Source: Goodfellow, Bengio & Courville, "Deep Learning", 2016, section 9.3.

    >>> max_pool2d(np.array([[[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]]]), 2, stride=1, return_indices=True)
    (array([[[5., 6.]]]), array([[[1, 5]]]))
    """
    x, batched, windows = _arguments(x, kernel_size, stride, padding, dilation, ceil_mode, keep_integers=True)
    y, index = _winners(x, windows)
    y, index = (y, index) if batched else (y[0], index[0])
    return (y, index) if return_indices else y


@np.errstate(all="ignore")
def max_pool2d_backward(grad_output, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    r"""The vector-Jacobian product of `max_pool2d`: (dx,).

    dy_pq/dx_i is 1 for the winner of window pq and 0 for all others, so each pixel collects from the windows it won:

        dx_i = sum over the windows whose winner is i of dy_pq

    At a tie the first maximum in row order takes all (one choice out of the subdifferential, and PyTorch's).
    With `return_indices`, `grad_output` may be a tuple that begins with the cotangent of y; indices have none.

    >>> max_pool2d_backward(np.array([[[1.0, 10.0]]]), np.array([[[1.0, 5.0, 5.0]]]), (1, 2), stride=1)[0]
    array([[[ 0., 11.,  0.]]])
    """
    dtype = np.asarray(x).dtype
    x, batched, windows = _arguments(x, kernel_size, stride, padding, dilation, ceil_mode, keep_integers=True)
    dy = grad_output[0] if isinstance(grad_output, (tuple, list)) else grad_output
    index = _winners(x, windows)[1]
    n, c, h, w = x.shape
    flat = np.arange(n * c).reshape(n, c, 1, 1) * (h * w) + index
    won = index >= 0
    dy = as_float(dy, "grad_output").astype(np.float64, copy=False).reshape(index.shape)
    dx = np.bincount(flat[won], dy[won], minlength=x.size).reshape(x.shape)
    return (rounded(dx if batched else dx[0], np.float64 if dtype.kind in "iub" else dtype),)


@np.errstate(all="ignore")
def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    r"""The average of each window of an image.

        y_ncpq = 1/d_pq sum_{k,l} x~_{n, c, pS + k, qS + l}

    x~ is x with P zeros around it, S the stride (default: the kernel size).  d_pq is `divisor_override` if given, else the
    number of positions of the window inside the padded image, or with `count_include_pad=False` inside the image itself.
    `ceil_mode` keeps a last window that starts inside the image but ends outside; what is outside even of the padding
    never counts.  Summed in float64; sums that overflow are formed again from smaller numbers, so that the average of huge
    numbers is finite.

    Shapes: x (N, C, H, W) or (C, H, W); y (N, C, P, Q) or (C, P, Q) in the dtype of x, with
    P = floor((H + 2 padding - K) / S) + 1, or ceil with `ceil_mode`.
    Special values: an infinity or nan spreads to every window that holds it; infinities of both signs give nan.
    Raises: ValueError for a wrong number of axes, padding beyond half the kernel, a kernel larger than the image, or
    divisor 0.
    Source: Goodfellow, Bengio & Courville, "Deep Learning", 2016, section 9.3.

    >>> avg_pool2d(np.array([[[1.0, 5.0, 2.0], [4.0, 2.0, 7.0]]]), 2, stride=1)
    array([[[3., 4.]]])
    """
    x, batched, windows = _arguments(x, kernel_size, stride, padding, 1, ceil_mode, keep_integers=False)
    divisor = _divisor(windows, count_include_pad, divisor_override)
    wide = x.astype(np.float64, copy=False)
    y = _sums(wide, windows)
    if x.dtype == np.float64 and not np.isfinite(y).all() and np.isfinite(x).all():
        k = len(windows.taps).bit_length()
        y = np.ldexp(_sums(np.ldexp(wide, -k), windows) / divisor, k)
    else:
        y = y / divisor
    return rounded(y if batched else y[0], x.dtype)


@np.errstate(all="ignore")
def avg_pool2d_backward(
    grad_output, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    r"""The vector-Jacobian product of `avg_pool2d`: (dx,).

    dy_pq/dx_i = 1/d_pq for every i in window pq, so each pixel collects from the windows that hold it:

        dx_i = sum over the windows pq that hold i of dy_pq / d_pq

    Columns first, then rows: K + L additions in place of K L.  Shape and dtype as x, whose values do not matter.

    >>> avg_pool2d_backward(np.array([[[2.0, 10.0]]]), np.zeros((1, 1, 3)), (1, 2), stride=1)[0]
    array([[[1., 6., 5.]]])
    """
    x, batched, windows = _arguments(x, kernel_size, stride, padding, 1, ceil_mode, keep_integers=False)
    divisor = _divisor(windows, count_include_pad, divisor_override)
    dy = as_float(grad_output, "grad_output").astype(np.float64, copy=False).reshape(*x.shape[:2], *windows.counts) / divisor
    for axis in (1, 0):
        out = np.zeros(windows.extended(axis, dy.shape))
        for k in range(windows.kernel[axis]):
            windows.along(axis, k, out)[...] += dy
        dy = out
    dx = windows.inside(dy)
    return (rounded(np.ascontiguousarray(dx if batched else dx[0]), x.dtype),)


def _winners(x, windows):
    """The largest number of each window and its position h W + w in the image (-1 for a window without any position)."""
    h, w = windows.image
    positions = windows.border(np.arange(h * w).reshape(h, w), -1)
    # 16-bit floats are compared in float32, where they are exact and comparisons are fast.
    border = windows.border(x.astype(np.float32) if x.dtype.kind not in "iub" and x.dtype.itemsize == 2 else x)
    lowest = np.iinfo(x.dtype).min if x.dtype.kind in "iub" else -np.inf
    best = np.full((*x.shape[:2], *windows.counts), lowest, border.dtype)
    index = np.full(best.shape, -1)
    for tap in windows.taps:
        v, i = windows.at(tap, border), windows.at(tap, positions)
        # The first position wins by default, a later one only by being larger or nan.
        wins = (i >= 0) & ((v > best) | (v != v) | (index < 0))
        np.copyto(best, v, where=wins)
        np.copyto(index, i, where=wins)
    return best.astype(x.dtype, copy=False), index


def _sums(x, windows):
    """The sum of each window: of its rows, then of its columns, each in pairs, so that the error grows like log2(K)."""
    y = windows.border(x)
    for axis in (0, 1):
        y = _in_pairs([windows.along(axis, k, y) for k in range(windows.kernel[axis])])
    return y


def _in_pairs(terms):
    half = len(terms) // 2
    return _in_pairs(terms[:half]) + _in_pairs(terms[half:]) if half else terms[0]


def _divisor(windows, count_include_pad, divisor_override):
    """The number that the sum of each window is divided by: one for all, or an array (P, Q)."""
    if divisor_override is not None:
        if divisor_override == 0:
            raise ValueError("`divisor_override` is 0, but sums are divided by it; give another number, or None.")
        return float(divisor_override)
    axes = []
    for n, k, s, p, count in zip(windows.image, windows.kernel, windows.stride, windows.padding, windows.counts, strict=True):
        start = np.arange(count) * s - p[0]
        end = np.minimum(start + k, n + p[1])
        axes.append(end - start if count_include_pad else np.minimum(end, n) - np.maximum(start, 0))
    return np.multiply.outer(*axes).astype(np.float64)


def _arguments(x, kernel_size, stride, padding, dilation, ceil_mode, keep_integers):
    x = np.asarray(x)
    x = x if keep_integers and x.dtype.kind in "iu" else as_float(x)
    if x.ndim not in (3, 4):
        raise ValueError(f"`x` has shape {x.shape}, but must be (N, C, H, W) or (C, H, W); add or merge axes.")
    kernel, dilation = pair(kernel_size, "kernel_size", 1), pair(dilation, "dilation", 1)
    stride, padding = kernel if stride is None else stride, pair(padding, "padding", 0)
    if any(2 * p > d * (k - 1) + 1 for p, k, d in zip(padding, kernel, dilation, strict=True)):
        raise ValueError(f"`padding` is {padding}, but must be at most half of what the kernel {kernel} covers; use less.")
    batched = x.ndim == 4
    windows = Windows(x.shape[-2:], kernel, stride, tuple((p, p) for p in padding), dilation, ceil_mode)
    return x if batched else x[None], batched, windows
