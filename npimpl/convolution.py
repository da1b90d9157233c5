"""Convolution over images: conv2d."""

from __future__ import annotations

import numpy as np

from npimpl._contractions import cotangent, gradient_dtype, multilinear, operands, total
from npimpl._precision import rounded
from npimpl._windows import Windows, pair

__all__ = ["conv2d", "conv2d_backward"]


@np.errstate(all="ignore")
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    r"""Slide a bank of filters over images (a cross-correlation: the filters are not flipped).

        y_nopq = bias_o + sum_{c,k,l} weight_ockl x~_{n, c, p S + k D, q S + l D}

    x~ is x with P zeros around it, S the stride and D the dilation.  With `groups` = G, the channels and the filters
    are cut into G parts, and filter o sees only the channels of its own part.
    The windows are copied into the columns of a matrix ("im2col"), so that BLAS does all the work: one product
    weight (O, C k l) times columns (C k l, P Q) per image.  float16 and bfloat16 are multiplied in float32 and rounded
    once.  The error is a few units of u times the same sum of absolute values.

    Shapes: x (N, C, H, W) or (C, H, W), weight (O, C/G, K, L), bias (O,); y (N, O, P, Q) or (O, P, Q), in the common
    dtype (integers stay integers), with P = floor((H + 2 padding - D (K - 1) - 1) / S) + 1.
    `padding` is an integer, a pair, "valid" (0) or "same" (P = H for stride 1; an odd zero goes below and to the right).
    Special values: the zeros around x are zeros, so that an infinite weight gives nan there (0 * inf).
    Raises: ValueError if shapes do not fit, a group does not divide, or the kernel is larger than the padded image.
    Source: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016, relationship 6 (undilated).

    >>> conv2d(np.arange(9.0).reshape(1, 3, 3), np.array([[[[1.0, 0.0], [0.0, -1.0]]]]))
    array([[[-4., -4.],
            [-4., -4.]]])
    """
    (x, w, b), dtype, windows, batched = _arguments(x, weight, bias, stride, padding, dilation, groups)
    columns, filters = _columns(x, windows, groups), _filters(w, groups)
    y = multilinear(np.matmul, filters, columns)
    if b is not None:
        y = y + b.reshape(groups, -1, 1)
    y = y.reshape(x.shape[0], w.shape[0], *windows.counts)
    return rounded(y if batched else y[0], dtype)


@np.errstate(all="ignore")
def conv2d_backward(grad_output, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    r"""The vector-Jacobian product of `conv2d`: (dx, dw, db).

    y is linear in each argument, and x~_{.., pS + kD, qS + lD} meets weight_ockl in y_nopq:

        dx~_{n, c, i, j} = sum over o and all (p, k), (q, l) with p S + k D = i, q S + l D = j of dy_nopq weight_ockl
        dw_ockl = sum_{n,p,q} dy_nopq x~_{n, c, pS + kD, qS + lD}        db_o = sum_{n,p,q} dy_nopq

    dx is formed as weight^T dy (BLAS), whose columns are then added back to where the windows took them ("col2im"),
    without the border.  Shapes and dtypes as the arguments; None for a bias that was not given.

    >>> dx, dw, _ = conv2d_backward(np.array([[[2.0]]]), np.array([[[1.0, 3.0]]]), np.array([[[[5.0, 7.0]]]]))
    >>> dx, dw
    (array([[[10., 14.]]]), array([[[[2., 6.]]]]))
    """
    own = gradient_dtype(x)
    (x, w, b), _, windows, batched = _arguments(x, weight, bias, stride, padding, dilation, groups)
    columns, filters = _columns(x, windows, groups), _filters(w, groups)
    expected = (x.shape[0], w.shape[0], *windows.counts)[0 if batched else 1 :]
    dy = cotangent(grad_output, w, expected).reshape(*columns.shape[:2], filters.shape[1], columns.shape[3])
    dx = multilinear(lambda f, d: _images(f.swapaxes(-1, -2) @ d, x.shape, windows), filters, dy)
    dw = multilinear(_over_samples, dy, columns).reshape(w.shape)
    db = None if b is None else rounded(total(dy, (0, 3)).reshape(-1), gradient_dtype(bias))
    return rounded(dx if batched else dx[0], own), rounded(dw, gradient_dtype(weight)), db


def _padding(padding, kernel, stride, dilation):
    """((top, bottom), (left, right))."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f'padding="same" needs stride 1, but `stride` is {stride}; give the padding as numbers.')
        spare = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((s // 2, s - s // 2) for s in spare)
    if isinstance(padding, str):
        raise ValueError(f'`padding` is {padding!r}, but must be an integer, a pair of them, "same" or "valid".')
    return tuple((p, p) for p in pair(padding, "padding", 0))


def _columns(x, windows, groups):
    """x (N, C, H, W) as columns (N, G, C/G K L, P Q): row (c, k, l) of column (p, q) is what meets weight_ockl in y_nopq."""
    n, c = x.shape[:2]
    border = windows.border(x)
    out = np.empty((n, c, len(windows.taps), *windows.counts), x.dtype)
    for i, tap in enumerate(windows.taps):
        out[:, :, i] = windows.at(tap, border)
    return out.reshape(n, groups, c // groups * len(windows.taps), windows.counts[0] * windows.counts[1])


def _images(columns, shape, windows):
    """The transpose of `_columns`: each entry is added to the pixel it was copied from; the border is dropped."""
    columns = columns.reshape(*shape[:2], len(windows.taps), *windows.counts)
    out = windows.border(np.zeros(shape, columns.dtype))
    for i, tap in enumerate(windows.taps):
        windows.at(tap, out)[...] += columns[:, :, i]
    return np.ascontiguousarray(windows.inside(out))


def _filters(w, groups):
    return w.reshape(groups, w.shape[0] // groups, int(np.prod(w.shape[1:])))


def _over_samples(dy, columns):
    """sum over samples and positions of dy_nopq columns_nkpq, as one product per group."""
    n, g, o, s = dy.shape
    k = columns.shape[2]
    return dy.transpose(1, 2, 0, 3).reshape(g, o, n * s) @ columns.transpose(1, 0, 3, 2).reshape(g, n * s, k)


def _arguments(x, weight, bias, stride, padding, dilation, groups):
    (x, w, b), dtype = operands(x, weight, bias, names=("x", "weight", "bias"))
    if x.ndim not in (3, 4) or w.ndim != 4:
        raise ValueError(
            f"conv2d got x {x.shape} and weight {w.shape}, but needs (N, C, H, W) or (C, H, W), and (O, C/G, K, L)."
        )
    batched = x.ndim == 4
    x = x if batched else x[None]
    if groups < 1 or x.shape[1] != groups * w.shape[1] or w.shape[0] % groups or not w.shape[0]:
        raise ValueError(
            f"conv2d got {x.shape[1]} channels, weight of shape {w.shape} and groups = {groups}, but the channels must be "
            f"groups * {w.shape[1]}, and `groups` must divide the {w.shape[0]} filters (at least one)."
        )
    if b is not None and b.shape != (w.shape[0],):
        raise ValueError(f"`bias` has shape {b.shape}, but must have one number for each of the {w.shape[0]} filters.")
    stride, dilation = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
    border = _padding(padding, w.shape[2:], stride, dilation)
    return (x, w, b), dtype, Windows(x.shape[2:], w.shape[2:], stride, border, dilation), batched
