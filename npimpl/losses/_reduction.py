"""What the losses share: operands, the loss of every element in blocks, and `reduction` = "mean", "sum" or "none".

The losses of the elements stay in float64 until they are reduced; only the reduced result is rounded to the dtype of the
arguments.  A float16 batch of 70,000 ones therefore has mean 1 and not inf.
"""

from __future__ import annotations

import math

import numpy as np

from npimpl._axes import pairwise_sum, sum_to_shape
from npimpl._elementwise import BLOCK
from npimpl._precision import ALLOWED, is_float, rounded

__all__ = ["check_reduction", "cotangent", "gradients", "mean", "operands", "pointwise", "reduced", "require", "wide"]

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


def reduced(e: np.ndarray, reduction: str, dtype: np.dtype, divisor=None):
    """The losses `e` reduced and rounded; "mean" divides by `divisor`, by default the number of losses."""
    if reduction == "none":
        return rounded(e, dtype)
    return rounded(mean(e, divisor) if reduction == "mean" else pairwise_sum(e), dtype)


def mean(e: np.ndarray, divisor=None):
    """sum(e) / divisor; when the sum overflows though the mean does not, the sum is taken of e / 2^64."""
    n = np.float64(e.size if divisor is None else divisor)
    y = pairwise_sum(e) / n
    if np.isfinite(y):
        return y
    return np.ldexp(pairwise_sum(np.ldexp(e, -SHRINK)) / n, SHRINK)


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


def _broadcast_shape(arrays) -> tuple[int, ...]:
    shapes = [a.shape for a in arrays if a is not None]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(map(str, shapes))
        raise ValueError(f"The arguments have shapes {listed}, which do not broadcast together; pass equal shapes.") from None


def _blocks(arrays, shape):
    """Float64 pieces of the arrays, broadcast to `shape`: the arrays whole if small, else flat blocks that stay in cache."""
    if math.prod(shape) <= BLOCK:
        yield ..., [a if a is None else wide(np.broadcast_to(a, shape)) for a in arrays]
        return
    flat = [a if a is None or a.ndim == 0 else np.ascontiguousarray(np.broadcast_to(a, shape)).reshape(-1) for a in arrays]
    for start in range(0, math.prod(shape), BLOCK):
        part = slice(start, start + BLOCK)
        yield part, [a if a is None else wide(a if a.ndim == 0 else a[part]) for a in flat]


def pointwise(kernel, arrays, dtype: np.dtype, reduction: str, divisor=None, degree: int = 0, homogeneous: int = 0):
    """The loss kernel(*arrays) of every element, reduced and rounded; arrays that are None reach the kernel as None.

    The loss may be declared homogeneous: kernel(s x_1, …, s x_k, rest) = s^degree kernel(x_1, …, x_k, rest) with
    k = `homogeneous`.  Then a mean is right even where single losses overflow: it is taken again of shrunken arguments.
    """
    shape = _broadcast_shape(arrays)
    if reduction == "none":
        out = np.empty(shape if math.prod(shape) <= BLOCK else math.prod(shape), dtype)
        for part, block in _blocks(arrays, shape):
            out[part] = rounded(kernel(*block), dtype)
        return out.reshape(shape)
    total = _total(kernel, arrays, shape)
    if reduction == "sum":
        return rounded(total, dtype)
    n = np.float64(math.prod(shape) if divisor is None else divisor)
    if not np.isfinite(total) and n:
        s = -SHRINK * (1 if degree < 2 else 9)
        total = _total(_shrunk(kernel, s, homogeneous), arrays, shape)
        return rounded(np.ldexp(total / n, -s * max(degree, 1)), dtype)
    return rounded(total / n, dtype)


def _total(kernel, arrays, shape):
    sums = [pairwise_sum(np.asarray(kernel(*block))) for _, block in _blocks(arrays, shape)]
    return pairwise_sum(np.array(sums))


def _shrunk(kernel, s: int, homogeneous: int):
    """The kernel at 2^s times its first arguments, or (if it is not homogeneous) 2^s times the kernel."""
    if not homogeneous:
        return lambda *args: np.ldexp(kernel(*args), s)
    return lambda *args: kernel(*(np.ldexp(a, s) for a in args[:homogeneous]), *args[homogeneous:])


def gradients(kernel, dy: np.ndarray, arrays) -> tuple:
    """kernel(dy, *arrays) -> one float64 gradient (or None) for each array, summed to its shape and rounded to its dtype.

    Integer arguments get None: a label has no gradient.
    """
    shape = _broadcast_shape(arrays)
    results: list = [None] * len(arrays)
    flat = math.prod(shape) > BLOCK
    for part, block in _blocks([dy, *arrays], shape):
        for i, (a, grad) in enumerate(zip(arrays, kernel(*block), strict=False)):
            if grad is None or a is None or (i and not is_float(a.dtype)):
                continue
            if results[i] is None:
                dtype = a.dtype if is_float(a.dtype) and a.shape == shape else np.float64
                results[i] = np.empty(math.prod(shape) if flat else shape, dtype)
            results[i][part] = rounded(grad, results[i].dtype)
    return tuple(
        None if r is None else rounded(sum_to_shape(r.reshape(shape), a.shape), a.dtype if is_float(a.dtype) else np.float64)
        for a, r in zip(arrays, results, strict=True)
    )
