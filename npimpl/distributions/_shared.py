"""What the distributions share: sums over rows, and gradients of arrays that were broadcast."""

from __future__ import annotations

import numpy as np

from npimpl._axes import pairwise_sum, sum_to_shape
from npimpl._precision import as_float, rounded

__all__ = ["reduced", "row_sum"]


def reduced(gradients, arrays):
    """Each float64 gradient summed to the shape, and rounded to the dtype, of its array."""
    return tuple(rounded(sum_to_shape(g, a.shape), a.dtype) for g, a in zip(gradients, map(as_float, arrays), strict=True))


def row_sum(x: np.ndarray) -> np.ndarray:
    """The pairwise sum over the last axis, which is kept with length one."""
    return pairwise_sum(x, -1, keepdims=True) if x.size else np.zeros((*x.shape[:-1], 1))
