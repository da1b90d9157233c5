"""What the distributions share: gradients of arrays that were broadcast."""

from __future__ import annotations

from npimpl._axes import sum_to_shape
from npimpl._precision import as_float, rounded

__all__ = ["reduced"]


def reduced(gradients, arrays):
    """Each float64 gradient summed to the shape, and rounded to the dtype, of its array."""
    return tuple(rounded(sum_to_shape(g, a.shape), a.dtype) for g, a in zip(gradients, map(as_float, arrays), strict=True))
