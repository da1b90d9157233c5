"""Windows over images: what convolution and pooling share.  Every array is (..., H, W).

A window of size K with dilation D covers the positions i*S - P + k*D, k = 0 … K-1, along an axis of length H, for
stride S and padding P.  `tap` is the set of all positions with one k: a strided slice, no copy.
"""

from __future__ import annotations

import numpy as np


def pair(value, name: str, least: int) -> tuple[int, int]:
    """`value` (an integer for both axes, or two of them) as a tuple (vertical, horizontal)."""
    values = (value, value) if isinstance(value, (int, np.integer)) else tuple(value) if np.ndim(value) == 1 else ()
    if len(values) == 1:
        values *= 2
    if len(values) != 2 or any(not isinstance(v, (int, np.integer)) or v < least for v in values):
        raise ValueError(f"`{name}` is {value!r}, but must be an integer >= {least} or a pair of them; give (vertical, horizontal).")
    return int(values[0]), int(values[1])


def length(n: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int, ceil_mode: bool = False) -> int:
    """How many windows fit along an axis of length n; with `ceil_mode` also one that starts inside but ends outside."""
    span = n + sum(padding) - dilation * (kernel - 1) - 1
    if span < 0 and not (ceil_mode and span + stride > 0):
        raise ValueError(
            f"The kernel covers {dilation * (kernel - 1) + 1} positions, but the padded axis has {n + sum(padding)}; "
            "use a smaller kernel or dilation, or more padding."
        )
    count = -(-span // stride) + 1 if ceil_mode else span // stride + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= n + padding[0] else count


def padded(x: np.ndarray, padding, needed, value=0) -> np.ndarray:
    """x with `padding` = ((top, bottom), (left, right)), extended further below and to the right to the size `needed`."""
    (top, bottom), (left, right) = padding
    h, w = x.shape[-2:]
    bottom, right = max(bottom, needed[0] - h - top), max(right, needed[1] - w - left)
    if not (top or bottom or left or right):
        return x
    out = np.full((*x.shape[:-2], top + h + bottom, left + w + right), value, x.dtype)
    out[..., top : top + h, left : left + w] = x
    return out


def reach(counts, kernel, stride, dilation) -> tuple[int, int]:
    """The size (vertical, horizontal) that all the windows together cover."""
    return tuple((o - 1) * s + d * (k - 1) + 1 for o, k, s, d in zip(counts, kernel, stride, dilation, strict=True))


def taps(kernel):
    """The positions (k, l) inside a window, in row order."""
    return [(k, m) for k in range(kernel[0]) for m in range(kernel[1])]


def tap(x: np.ndarray, position, counts, stride, dilation) -> np.ndarray:
    """The elements of (padded) x that stand at `position` of their windows: a view (..., H_out, W_out)."""
    (k, m), (h, w) = position, counts
    top, left = k * dilation[0], m * dilation[1]
    return x[..., top : top + (h - 1) * stride[0] + 1 : stride[0], left : left + (w - 1) * stride[1] + 1 : stride[1]]
