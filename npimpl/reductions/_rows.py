"""What the reductions share: axes kept for broadcasting, cotangents in that shape, sums and exponents that stay in range."""

from __future__ import annotations

import math

import numpy as np

from npimpl._axes import normalize_axis, pairwise_sum
from npimpl._precision import as_float, is_float, rounded
from npimpl.reductions._wide import Wide

__all__ = [
    "as_number", "axes_of", "comparable", "cotangent", "exponent_of_rows", "finish", "largest_magnitude", "length", "one_axis",
    "refuse_empty", "scaled_sum", "total",
]  # fmt: skip


def as_number(x) -> np.ndarray:
    """`x` as an array of floats, integers or booleans, unchanged: what can be compared and counted."""
    x = np.asarray(x)
    return x if x.dtype.kind in "iub" or is_float(x.dtype) else as_float(x)


def comparable(x: np.ndarray) -> np.ndarray:
    """`x` in a dtype whose comparisons are fast; float16 and bfloat16 go to float32, which keeps order and values exactly."""
    return x.astype(np.float32) if x.dtype.name in {"float16", "bfloat16"} else x


def axes_of(x: np.ndarray, axis) -> tuple[int, ...]:
    """The axes a reduction of `x` runs over, as a sorted tuple."""
    return normalize_axis(axis, x.ndim)


def one_axis(x: np.ndarray, axis, op: str) -> int:
    """The one axis of an operation along an axis, counted from the front; 0 for a 0-d array, whose row has one entry."""
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{op} got axis={axis!r}, but works along one axis; give an integer.")
    return (*normalize_axis(int(axis), x.ndim), 0)[0]


def length(x: np.ndarray, axes: tuple[int, ...]) -> int:
    """n, the number of entries that make one result."""
    return math.prod(x.shape[a] for a in axes)


def refuse_empty(op: str, n: int, shape: tuple[int, ...]) -> None:
    """An extreme of nothing does not exist."""
    if n == 0:
        raise ValueError(f"{op} got shape {shape}, which leaves no entry to choose from; reduce over axes of length >= 1.")


def _kept(x: np.ndarray, axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if i in axes else m for i, m in enumerate(x.shape))


def finish(y: np.ndarray, x: np.ndarray, axes: tuple[int, ...], keepdims: bool, dtype: np.dtype) -> np.ndarray:
    """`y` (the reduced axes kept with length 1) rounded once to `dtype`, without these axes unless `keepdims`."""
    shape = _kept(x, axes)
    return rounded(y, dtype).reshape(shape if keepdims else tuple(m for i, m in enumerate(shape) if i not in axes))


def cotangent(grad_output, x: np.ndarray, axes: tuple[int, ...], keepdims: bool) -> np.ndarray:
    """`grad_output` in float64 with the reduced axes kept, so that it broadcasts against `x`."""
    dy, shape = np.asarray(grad_output), _kept(x, axes)
    expected = shape if keepdims else tuple(m for i, m in enumerate(shape) if i not in axes)
    if dy.shape != expected:
        raise ValueError(f"grad_output has shape {dy.shape}, but the result has shape {expected}; give one entry per result.")
    return as_float(dy, "grad_output").astype(np.float64, copy=False).reshape(shape)


def total(x, axes: tuple[int, ...]):
    """The pairwise sum of a float64 array, or of `Wide` numbers, over `axes`, kept with length 1."""
    if isinstance(x, Wide):
        e = x.exponents(axes)
        return Wide(total(x.aligned(e), axes), e)
    if len(axes) == x.ndim:  # as a column: a single row would be left to NumPy, which adds runs of 16 one by one
        return pairwise_sum(x.reshape(-1, 1), 0).reshape(_kept(x, axes))
    return pairwise_sum(x, axes, keepdims=True)


def scaled_sum(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """s and k with s 2^k = sum of x over `axes` (kept, float64), where no partial sum has overflowed.

    k is 0 except in the rows whose plain sum is not finite: these are added again at 2^-k of their size, with 2^k >= n.
    """
    # narrower dtypes leave 29 bits to spare: accumulating them plainly is invisible after rounding, and needs no wide copy of x
    s = total(x, axes) if x.dtype == np.float64 else np.add.reduce(x, axis=axes, dtype=np.float64, keepdims=True)
    k = np.zeros(s.shape, np.int32)
    lost = ~np.isfinite(s)
    if lost.any():
        bits = length(x, axes).bit_length()
        s = np.where(lost, total(np.ldexp(x.astype(np.float64), -bits), axes), s)
        k[lost] = bits
    return s, k


def largest_magnitude(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """max |x| over `axes` (kept) without a temporary of the size of x; 0 for an empty row, nan if there is one."""
    return np.maximum(x.max(axes, keepdims=True, initial=0.0), -x.min(axes, keepdims=True, initial=0.0))


def exponent_of_rows(m: np.ndarray, limit: int) -> np.ndarray:
    """e with m in [2^(e-1), 2^e), but 0 where |e| <= limit (no scaling needed) or m is 0, infinite or nan."""
    e = np.frexp(m)[1]
    return np.where(np.isfinite(m) & (m != 0) & (np.abs(e) > limit), e, 0)
