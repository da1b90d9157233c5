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
        shape = self.extended(1, self.extended(0, x.shape))
        out = np.full(shape, value, x.dtype)
        self.inside(out)[...] = x
        return out

    def extended(self, axis: int, shape) -> tuple[int, ...]:
        """`shape` (..., H, W), its vertical (0) or horizontal (1) length replaced by that of a bordered image."""
        (before, behind), o, s = self.padding[axis], self.counts[axis], self.stride[axis]
        reach = (o - 1) * s + self.dilation[axis] * (self.kernel[axis] - 1) + 1
        lengths = list(shape)
        lengths[axis - 2] = max(before + self.image[axis] + behind, reach)
        return tuple(lengths)

    def inside(self, bordered: np.ndarray) -> np.ndarray:
        """The image without its border: a view."""
        (top, _), (left, _) = self.padding
        return bordered[..., top : top + self.image[0], left : left + self.image[1]]

    def at(self, tap: tuple[int, int], bordered: np.ndarray) -> np.ndarray:
        """What one tap meets in each window: a view (..., P, Q)."""
        return self.along(1, tap[1], self.along(0, tap[0], bordered))

    def along(self, axis: int, k: int, bordered: np.ndarray) -> np.ndarray:
        """What the taps of row (axis 0) or column (axis 1) k meet: a view whose length along that axis is P or Q."""
        start, o, s = k * self.dilation[axis], self.counts[axis], self.stride[axis]
        part = slice(start, start + (o - 1) * s + 1, s)
        return bordered[..., part, :] if axis == 0 else bordered[..., part]


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
