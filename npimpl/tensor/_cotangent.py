"""What the transposes of this family share: a checked cotangent, and a gradient that is nobody's alias."""

from __future__ import annotations

import numpy as np

from npimpl._precision import is_float

__all__ = ["cotangent", "fresh"]


def cotangent(grad_output, shape: tuple[int, ...], op: str) -> np.ndarray:
    """`grad_output` as an array, which must have the shape of the forward's result."""
    dy = np.asarray(grad_output)
    if dy.shape != tuple(shape):
        raise ValueError(
            f"`grad_output` has shape {dy.shape}, but {op} of these arguments has shape {tuple(shape)}; give that."
        )
    return dy


@np.errstate(all="ignore")
def fresh(dx: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A copy of `dx` in the dtype of `x` (in its own dtype where `x` is not of floats)."""
    return dx.astype(x.dtype if is_float(x.dtype) else dx.dtype)
