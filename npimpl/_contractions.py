"""What linear, convolution, attention and recurrent layers share: operands, and products that keep their range.

A contraction sums products, y = sum_k a_k b_k.  BLAS forms it in `contraction_dtype`, with an error of a few units of
u * sum_k |a_k b_k|, which is the bound every family states.  That bound knows neither overflow nor underflow.  Where a
partial sum overflows although the operands are finite, or products of nonzero operands are rounded to subnormal numbers
(half a quantum each, which adds up and is multiplied by whatever comes later), the contraction is repeated with more
exponent range; that costs one look at the result unless it happens.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl._axes import pairwise_sum
from npimpl._precision import as_float, contraction_dtype, result_dtype

ROOM = 900
"""The largest product of scaled operands is about 2^ROOM: sums of 2^100 of them still fit a float64."""
NEAR = 2.0**12
"""Results below the smallest normal number times this are looked at: sums of up to 4096 subnormal products."""


def operands(*arrays, names: tuple[str, ...]) -> tuple[list, np.dtype]:
    """The arrays (None stays None) in the dtype they are contracted in, and the dtype of the result.

    If all of them are integers they stay integers (products of integers are exact, and wrap as NumPy's do).
    """
    given = [None if a is None else np.asarray(a) for a in arrays]
    if all(a is None or a.dtype.kind in "iu" for a in given):
        return given, np.result_type(*(a.dtype for a in given if a is not None))
    floats = [None if a is None else as_float(a, n) for a, n in zip(given, names, strict=True)]
    dtype = result_dtype(*(a for a in floats if a is not None))
    wide = contraction_dtype(dtype)
    return [None if a is None else a.astype(wide, copy=False) for a in floats], dtype


def multilinear(product, *arrays: np.ndarray) -> np.ndarray:
    """`product(*arrays)`, linear in each array; elements that left the range on the way are formed again in a wider one.

    float32 is repeated in float64 (and so is the result then).  float64 operands are scaled by powers of two, which is
    exact; what underflows by it is below the error bound wherever a sum of products overflowed.
    """
    y = product(*arrays)
    if y.dtype.kind in "iu" or not y.size:
        return y
    size = np.abs(y)
    if not size.max() < np.inf and all(np.isfinite(a).all() for a in arrays):
        return np.where(size < np.inf, y, _again(product, arrays, y.dtype))
    if _may_underflow(size, arrays):
        again = _again(product, arrays, y.dtype)
        return np.where((size < _near(y.dtype)) & np.isfinite(again), again, y)
    return y


def in_range(product, *arrays: np.ndarray) -> tuple[np.ndarray, int]:
    """`multilinear` as (y, e), the value being y 2^e: e is 0, or negative where y would lose digits to underflow."""
    y = multilinear(product, *arrays)
    if y.size and y.dtype == np.float64 and _may_underflow(np.abs(y), arrays):
        wide, exponent = _scaled(product, arrays)
        if exponent < 0 and np.isfinite(wide).all():
            return wide, exponent
    return y, 0


def smallest(x: np.ndarray) -> float:
    """The least magnitude of the numbers that are not zero (infinity where there is none)."""
    size = np.abs(x)
    return float(np.where(size > 0, size, np.inf).min(initial=np.inf))


def chain(flow: np.ndarray, partial: np.ndarray) -> np.ndarray:
    """The chain rule flow @ partial of a backward pass: an exact zero in `flow` contributes nothing, even times inf.

    A saturated gate or a masked key passes no gradient on: the limit of (derivative) * x as x grows is 0, not 0 * inf.
    """
    bad = ~np.isfinite(partial)
    if not bad.any():
        return multilinear(np.matmul, flow, partial)
    y = multilinear(np.matmul, flow, np.where(bad, 0, partial))
    for k in np.flatnonzero(bad.any(axis=-1).reshape(-1, partial.shape[-2]).any(axis=0)):
        column, row = flow[..., :, k, None], partial[..., k, None, :]
        y = y + np.where((column == 0) | np.isfinite(row), 0, column * row)
    return y


def total(dy: np.ndarray, axes) -> np.ndarray:
    """The sum of a cotangent over `axes` in float64, pairwise: the gradient of a parameter that all of them share."""
    return pairwise_sum(dy.astype(np.float64, copy=False), axes)


def cotangent(dy, like: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A cotangent, of the shape of the result, in the dtype that its op contracts in (float64 for integer operands)."""
    if np.shape(dy) != shape:
        raise ValueError(f"`grad_output` has shape {np.shape(dy)}, but the result has shape {shape}; give that.")
    return np.asarray(dy).astype(like.dtype if like.dtype.kind == "f" else np.float64, copy=False)


def gradient_dtype(x) -> np.dtype:
    """The dtype of a gradient of x: its own, or float64 for integers."""
    dtype = np.asarray(x).dtype
    return np.dtype(np.float64) if dtype.kind in "iub" else dtype


def _again(product, arrays, dtype) -> np.ndarray:
    if dtype == np.float32:
        return multilinear(product, *(a.astype(np.float64) for a in arrays))
    return np.ldexp(*_scaled(product, arrays))


def _scaled(product, arrays) -> tuple[np.ndarray, int]:
    """The product in float64 as (y, e), the value being y 2^e, from operands that are all scaled to about the same size."""
    exponents = [int(np.frexp(np.abs(a).max(initial=0.0))[1]) - ROOM // len(arrays) for a in arrays]
    small = [np.ldexp(a.astype(np.float64, copy=False), -e) for a, e in zip(arrays, exponents, strict=True)]
    return product(*small), sum(exponents)


def _may_underflow(size, arrays) -> bool:
    """Whether a result of these magnitudes may be off because products of nonzero operands are subnormal."""
    tiny = float(np.finfo(size.dtype).tiny)
    return bool(size.min() < _near(size.dtype)) and math.prod(map(smallest, arrays)) < tiny


def _near(dtype) -> float:
    return NEAR * float(np.finfo(dtype).tiny)
