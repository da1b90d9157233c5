"""What the distributions share: sums over rows, and gradients of arrays that were broadcast."""

from __future__ import annotations

import numpy as np

from npimpl._axes import pairwise_sum, sum_to_shape
from npimpl._precision import as_float, rounded

__all__ = ["reduced", "row_sum", "summed"]


def reduced(kernel, grad_output, *arrays):
    """The gradients `kernel(grad_output, *arrays)` of an elementwise op, each summed to the shape of its array."""
    dy, arrays = as_float(grad_output, "grad_output"), [as_float(a) for a in arrays]
    if all(a.shape == dy.shape and a.dtype == dy.dtype for a in arrays):
        return kernel(dy, *arrays)
    return summed(kernel(*(a.astype(np.float64) for a in (dy, *arrays))), arrays)


def summed(gradients, arrays):
    """Each float64 gradient summed to the shape, and rounded to the dtype, of its array."""
    return tuple(rounded(sum_to_shape(g, np.shape(a)), as_float(a).dtype) for g, a in zip(gradients, arrays, strict=True))


def row_sum(x: np.ndarray) -> np.ndarray:
    """The pairwise sum over the last axis, which is kept with length one."""
    return pairwise_sum(x, -1, keepdims=True)
