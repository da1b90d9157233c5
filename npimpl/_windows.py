"""Windows over images: what convolution and pooling share.  Every array is (..., H, W).

A window of K positions with dilation D covers the positions i S - P + k D, k = 0 … K-1, along an axis of length H, for
stride S and padding P.  A *tap* is one (k, l) of the kernel; the numbers it meets in all the windows are a strided slice.
"""

from __future__ import annotations

from itertools import product

import numpy as np


class Windows:
    """All windows of one kernel over images of one size; `counts` is their number (vertical, horizontal)."""

    def __init__(self, image, kernel, stride=1, padding=((0, 0), (0, 0)), dilation=1, ceil_mode=False):
        self.image, self.kernel, self.padding = tuple(image), kernel, padding
        self.stride, self.dilation = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
        self.taps = tuple(product(range(kernel[0]), range(kernel[1])))
        axes = zip(image, kernel, self.stride, padding, self.dilation, strict=True)
        self.counts = tuple(_count(*axis, ceil_mode) for axis in axes)

    def border(self, x: np.ndarray, value=0) -> np.ndarray:
        """A new array: x with its padding, extended below and to the right as far as the last window reaches."""
        (top, bottom), (left, right) = self.padding
        axes = zip(self.counts, self.stride, self.dilation, self.kernel, strict=True)
        tall, wide = ((o - 1) * s + d * (k - 1) + 1 for o, s, d, k in axes)
        h, w = self.image
        out = np.full((*x.shape[:-2], max(top + h + bottom, tall), max(left + w + right, wide)), value, x.dtype)
        self.inside(out)[...] = x
        return out

    def inside(self, bordered: np.ndarray) -> np.ndarray:
        """The image without its border: a view."""
        (top, _), (left, _) = self.padding
        return bordered[..., top : top + self.image[0], left : left + self.image[1]]

    def at(self, tap: tuple[int, int], bordered: np.ndarray) -> np.ndarray:
        """What one tap meets in each window: a view (..., P, Q)."""
        axes = zip(tap, self.dilation, self.counts, self.stride, strict=True)
        rows, columns = (slice(k * d, k * d + (o - 1) * s + 1, s) for k, d, o, s in axes)
        return bordered[..., rows, columns]


def pair(value, name: str, least: int) -> tuple[int, int]:
    """`value` (an integer for both axes, or two of them) as a tuple (vertical, horizontal)."""
    values = (value,) if isinstance(value, (int, np.integer)) else tuple(value) if np.ndim(value) == 1 else ()
    values = values * 2 if len(values) == 1 else values
    if len(values) != 2 or any(not isinstance(v, (int, np.integer)) or v < least for v in values):
        raise ValueError(f"`{name}` is {value!r}, but must be an integer >= {least}, or a pair of them (vertical, horizontal).")
    return int(values[0]), int(values[1])


def _count(n: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int, ceil_mode: bool) -> int:
    """How many windows fit along an axis of length n; with `ceil_mode` also one that starts inside but ends outside."""
    covered, size = dilation * (kernel - 1) + 1, n + sum(padding)
    count = (size - covered) // stride + 1
    if ceil_mode:
        count = -((covered - size) // stride) + 1
        # A window must start inside the image or the padding before it, not in the padding behind.
        count -= (count - 1) * stride >= n + padding[0]
    if count < 1 or (covered > size and not ceil_mode):
        raise ValueError(
            f"The kernel covers {covered} positions, but the padded axis has {size}; "
            "use a smaller kernel or dilation, or more padding."
        )
    return count
