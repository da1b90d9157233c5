"""What linear, convolution, attention and recurrent layers share: operands, and products that do not overflow on the way.

A contraction sums products, y = sum_k a_k b_k.  BLAS forms it in `contraction_dtype`, with an error of a few units of
u * sum_k |a_k b_k|, which is the bound every family states.  Where a partial sum overflows although the operands are
finite, the contraction is repeated with more exponent range; that costs nothing unless it happens.
"""

from __future__ import annotations

import numpy as np

from npimpl._axes import pairwise_sum
from npimpl._precision import as_float, contraction_dtype, result_dtype


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


def bilinear(product, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`product(a, b)`, linear in each of its arrays, with overflowed elements repeated in a wider range.

    float32 is repeated in float64.  float64 operands are scaled by powers of two to at most 1, which is exact; what
    underflows by it is below the error bound wherever a sum of products overflowed.
    """
    y = product(a, b)
    if y.dtype.kind in "iu" or np.isfinite(y).all() or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return y
    if y.dtype == np.float32:
        again = product(a.astype(np.float64), b.astype(np.float64))
    else:
        (i, a_small), (j, b_small) = _at_most_one(a), _at_most_one(b)
        again = np.ldexp(product(a_small, b_small), i + j)
    return np.where(np.isfinite(y), y, again)


def chain(flow: np.ndarray, partial: np.ndarray) -> np.ndarray:
    """The chain rule flow @ partial of a backward pass: an exact zero in `flow` contributes nothing, even times inf.

    A saturated gate or a masked key passes no gradient on: the limit of (derivative) * x as x grows is 0, not 0 * inf.
    """
    bad = ~np.isfinite(partial)
    if not bad.any():
        return bilinear(np.matmul, flow, partial)
    y = bilinear(np.matmul, flow, np.where(bad, 0, partial))
    for k in np.flatnonzero(bad.any(axis=-1).reshape(-1, partial.shape[-2]).any(axis=0)):
        column, row = flow[..., :, k, None], partial[..., k, None, :]
        y = y + np.where((column == 0) | np.isfinite(row), 0, column * row)
    return y


def total(dy: np.ndarray, axes) -> np.ndarray:
    """The sum of a cotangent over `axes` in float64, pairwise: the gradient of a parameter that all of them share."""
    return pairwise_sum(dy.astype(np.float64, copy=False), axes)


def cotangent(dy, like: np.ndarray) -> np.ndarray:
    """A cotangent in the dtype that its op contracts in (float64 for integer operands)."""
    return np.asarray(dy).astype(like.dtype if like.dtype.kind == "f" else np.float64, copy=False)


def gradient_dtype(x) -> np.dtype:
    """The dtype of a gradient of x: its own, or float64 for integers."""
    dtype = np.asarray(x).dtype
    return np.dtype(np.float64) if dtype.kind in "iub" else dtype


def _at_most_one(x: np.ndarray) -> tuple[int, np.ndarray]:
    exponent = int(np.frexp(np.abs(x).max(initial=0.0))[1])
    return exponent, np.ldexp(x, -exponent)
