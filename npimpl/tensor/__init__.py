"""Tensor surgery: joining, moving, padding, gathering, scattering and contracting arrays.

Where NumPy's own function is the operation (`numpy.stack`, `concatenate`, `flip`, `roll`, `moveaxis`,
`take_along_axis`) this family adds only its backward.  Moving data is linear, so every backward here is the transpose
of its forward: what was copied is added up, what was dropped gets zero.
"""

from __future__ import annotations

from npimpl.tensor._contraction import einsum, einsum_backward
from npimpl.tensor._indexing import (
    one_hot,
    scatter_add,
    scatter_add_backward,
    sliding_window,
    sliding_window_backward,
    take_along_axis_backward,
)
from npimpl.tensor._movement import (
    concatenate_backward,
    flip_backward,
    moveaxis_backward,
    roll_backward,
    stack_backward,
)
from npimpl.tensor._padding import pad, pad_backward

__all__ = [
    "concatenate_backward",
    "einsum",
    "einsum_backward",
    "flip_backward",
    "moveaxis_backward",
    "one_hot",
    "pad",
    "pad_backward",
    "roll_backward",
    "scatter_add",
    "scatter_add_backward",
    "sliding_window",
    "sliding_window_backward",
    "stack_backward",
    "take_along_axis_backward",
]
