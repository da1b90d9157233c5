"""What the losses share: operands, the loss of every element in blocks, and `reduction` = "mean", "sum" or "none".

The losses of the elements stay in float64 until they are reduced; only the reduced result is rounded to the dtype of the
arguments.  A float16 batch of 70,000 ones therefore has mean 1 and not inf.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl._axes import broadcast_shape, pairwise_sum, sum_to_shape
from npimpl._elementwise import BLOCK
from npimpl._precision import ALLOWED, is_float, rounded

__all__ = [
    "check_reduction",
    "cotangent",
    "gradients",
    "homogeneous",
    "operands",
    "pointwise",
    "reduced",
    "require",
    "row_sum",
    "wide",
]

REDUCTIONS = ("mean", "sum", "none")
SHRINK = 64
"""Sums that overflow are repeated at 2^-64 of their size: enough for 2^64 terms."""


def require(condition, message: str) -> None:
    """Raise ValueError with one sentence unless the condition holds."""
    if not condition:
        raise ValueError(message)


def check_reduction(reduction: str, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    """Refuse an unknown reduction."""
    require(reduction in allowed, f"`reduction` is {reduction!r}, but must be one of {', '.join(map(repr, allowed))}.")


def operands(**named) -> tuple[list, np.dtype]:
    """The arguments as arrays (None stays None), and the dtype of the result: that of the floats among them.

    Integer and boolean arguments are labels: they take no part in the dtype unless there are no floats at all.
    """
    arrays = [None if a is None else np.asarray(a) for a in named.values()]
    for name, a in zip(named, arrays, strict=True):
        if a is not None and not is_float(a.dtype) and a.dtype.kind not in "iub":
            raise TypeError(f"`{name}` has dtype {a.dtype}, but must be {ALLOWED}; convert it with `{name}.astype(...)`.")
    floats = [a.dtype for a in arrays if a is not None and is_float(a.dtype)]
    return arrays, np.result_type(*floats) if floats else np.dtype(np.float64)


def wide(a):
    """`a` in float64 (not copied if it is float64 already: never write into it)."""
    return None if a is None else a.astype(np.float64, copy=False)


def reduced(e: np.ndarray, reduction: str, dtype: np.dtype, divisor=None, shrunk=None):
    """The losses `e` reduced and rounded; "mean" divides by `divisor`, by default the number of losses.

    Where losses or their sum overflow, `shrunk()`, the losses times 2^-64 (computed without overflow), are reduced instead.
    """
    y = _reduce(e, reduction, divisor)
    if not np.isfinite(y).all():
        small = np.ldexp(e, -SHRINK) if shrunk is None else shrunk()
        y = np.where(np.isfinite(y), y, np.ldexp(_reduce(small, reduction, divisor), SHRINK))
    return rounded(y, dtype)


def _reduce(e, reduction, divisor):
    if reduction == "none":
        return e
    total = pairwise_sum(e)
    return total if reduction == "sum" else total / np.float64(e.size if divisor is None else divisor)


def row_sum(e: np.ndarray, axis: int = -1, keepdims: bool = False) -> np.ndarray:
    """The pairwise sum along one axis."""
    return pairwise_sum(e, axis, keepdims)


def cotangent(grad_output, shape: tuple[int, ...], reduction: str, divisor=None) -> np.ndarray:
    """d(result)/d(loss of one element) times `grad_output`, in float64: broadcasts against the losses of shape `shape`."""
    (dy,), _ = operands(grad_output=grad_output)
    expected = shape if reduction == "none" else ()
    require(
        dy.shape == expected,
        f"`grad_output` has shape {dy.shape}, but the loss with reduction={reduction!r} has shape {expected}; pass that shape.",
    )
    dy = wide(dy)
    if reduction == "none" or reduction == "sum":
        return dy
    return dy / np.float64(math.prod(shape) if divisor is None else divisor)


def _blocks(arrays, shape):
    """Float64 pieces of the arrays, broadcast to `shape`: the arrays whole if small, else flat blocks that stay in cache."""
    if math.prod(shape) <= BLOCK:
        yield ..., [a if a is None else wide(np.broadcast_to(a, shape)) for a in arrays]
        return
    flat = [a if a is None or a.ndim == 0 else np.ascontiguousarray(np.broadcast_to(a, shape)).reshape(-1) for a in arrays]
    for start in range(0, math.prod(shape), BLOCK):
        part = slice(start, start + BLOCK)
        yield part, [a if a is None else wide(a if a.ndim == 0 else a[part]) for a in flat]


def pointwise(kernel, arrays, dtype: np.dtype, reduction: str, divisor=None, shrunk=None):
    """The loss kernel(*arrays) of every element, reduced and rounded; arrays that are None reach the kernel as None.

    Where losses or their sum overflow, the kernel `shrunk`, which gives the losses times 2^-64, takes its place: a mean
    that is representable is then right (by default the losses themselves are multiplied by 2^-64).
    """
    shape = broadcast_shape(*arrays)
    if reduction == "none":
        return _each(kernel, arrays, shape, dtype)
    n = np.float64(1.0 if reduction == "sum" else math.prod(shape) if divisor is None else divisor)
    y = _total(kernel, arrays, shape) / n
    if not np.isfinite(y):
        shrunk = shrunk or (lambda *args: np.ldexp(kernel(*args), -SHRINK))
        y = np.ldexp(_total(shrunk, arrays, shape) / n, SHRINK)
    return rounded(y, dtype)


def _each(kernel, arrays, shape, dtype):
    small = math.prod(shape) <= BLOCK
    out = np.empty(shape if small else math.prod(shape), dtype)
    for part, block in _blocks(arrays, shape):
        out[part] = rounded(kernel(*block), dtype)
    return out.reshape(shape)


def _total(kernel, arrays, shape):
    sums = [pairwise_sum(np.asarray(kernel(*block))) for _, block in _blocks(arrays, shape)]
    return pairwise_sum(np.array(sums))


def homogeneous(kernel, count: int, degree: int):
    """2^-64 times a kernel that is homogeneous of this degree in its first `count` arguments, by shrinking those."""
    s = -SHRINK // degree
    return lambda *args: kernel(*(a if a is None else np.ldexp(a, s) for a in args[:count]), *args[count:])


def gradients(kernel, dy: np.ndarray, arrays) -> tuple:
    """kernel(dy, *arrays) -> one float64 gradient (or None) for each array, summed to its shape and rounded to its dtype.

    Integer arguments get None: a label has no gradient.
    """
    dtypes = [None if a is None else a.dtype for a in arrays]
    shape = broadcast_shape(*arrays)
    results: list = [None] * len(arrays)
    flat = math.prod(shape) > BLOCK
    for part, block in _blocks([dy, *arrays], shape):
        for i, (a, grad) in enumerate(zip(arrays, kernel(*block), strict=False)):
            if grad is None or a is None or (i and not is_float(dtypes[i])):
                continue
            if results[i] is None:
                dtype = dtypes[i] if is_float(dtypes[i]) and a.shape == shape else np.float64
                results[i] = np.empty(math.prod(shape) if flat else shape, dtype)
            results[i][part] = rounded(grad, results[i].dtype)
    return tuple(
        None if r is None else rounded(sum_to_shape(r.reshape(shape), a.shape), d if is_float(d) else np.float64)
        for a, r, d in zip(arrays, results, dtypes, strict=True)
    )
