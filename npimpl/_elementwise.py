"""What elementwise operations share: argument handling, blocks that stay in cache, one rounding at the end."""

from __future__ import annotations

import functools

import numpy as np

from npimpl._axes import broadcast_shape
from npimpl._precision import as_float, result_dtype, rounded

BLOCK = 16_384
"""Elements per block: a float64 block with a few temporaries fits a 1 MiB second-level cache."""


def elementwise(*names: str):
    """Decorate a kernel that maps float64 arrays (its parameters `names`) elementwise to an array or a tuple of arrays.

    The decorated operation takes any of the four float dtypes and any layout, broadcasts its arrays, evaluates the
    kernel in float64 block by block, and rounds once.  The kernel must not write into its arguments.
    """

    def decorate(kernel):
        @functools.wraps(kernel)
        def op(*args, **options):
            arrays, rest = _split(kernel.__name__, names, args, options)
            return _evaluate(kernel, _together(names, arrays), rest, options)

        return op

    return decorate


def _split(op: str, names, args, options):
    """The array arguments (given by position or by keyword) and the positional options after them."""
    arrays = list(args[: len(names)])
    for name in names[len(arrays) :]:
        if name not in options:
            raise TypeError(f"{op}() is missing its array `{name}`; it takes {', '.join(names)} first.")
        arrays.append(options.pop(name))
    return [as_float(a, n) for a, n in zip(arrays, names, strict=True)], args[len(names) :]


def _together(names, arrays):
    """The arrays, broadcast to one shape, which a cotangent has already."""
    if all(a.shape == arrays[0].shape for a in arrays):
        return arrays
    backward = names[0] == "grad_output"
    shape = broadcast_shape(*arrays[backward:])
    if backward and arrays[0].shape != shape:
        raise ValueError(f"`grad_output` has shape {arrays[0].shape}, but the result has shape {shape}; give that.")
    return np.broadcast_arrays(*arrays)


@np.errstate(all="ignore")
def _evaluate(kernel, arrays, rest, options):
    dtype = result_dtype(*arrays)
    size, shape = arrays[0].size, arrays[0].shape
    if size <= BLOCK:
        y = kernel(*(a.astype(np.float64, copy=False) for a in arrays), *rest, **options)
        return tuple(_fresh(v, dtype, arrays) for v in y) if isinstance(y, tuple) else _fresh(y, dtype, arrays)
    flat = [np.ascontiguousarray(a).reshape(-1) for a in arrays]
    outputs = None
    for start in range(0, size, BLOCK):
        part = slice(start, start + BLOCK)
        y = kernel(*(a[part].astype(np.float64, copy=False) for a in flat), *rest, **options)
        parts = y if isinstance(y, tuple) else (y,)
        outputs = outputs or [np.empty(size, dtype) for _ in parts]
        for out, value in zip(outputs, parts, strict=True):
            out[part] = rounded(value, dtype)
    results = tuple(out.reshape(shape) for out in outputs)
    return results if isinstance(y, tuple) else results[0]


def _fresh(value, dtype, inputs):
    """`value` rounded, and never an alias of an input (a kernel may return its argument unchanged)."""
    out = rounded(value, dtype)
    return out.copy() if any(np.may_share_memory(out, a) for a in inputs) else out
