"""Right tensor surgery in other styles: none of these may be refused."""

from __future__ import annotations

import numpy as np

from parity_tests.candidates import Candidate


def stack_by_new_axis(arrays, axis=0):
    return np.concatenate([np.expand_dims(a, axis) for a in arrays], axis=axis)


def stack_backward_by_take(grad_output, arrays, axis=0):
    return tuple(np.take(grad_output, k, axis=axis) + np.zeros((), grad_output.dtype) for k in range(len(arrays)))


def flip_by_index(x, axis=None):
    y = x
    for a in range(x.ndim) if axis is None else np.ravel(axis):
        y = np.take(y, range(x.shape[a] - 1, -1, -1), axis=a)
    return y if y is not x else x.copy()


def pad_by_numpy(x, pad_width, mode="constant", value=0.0):
    widths = np.broadcast_to(pad_width, (x.ndim, 2))
    kept = tuple(slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(x.shape, widths, strict=True))
    name = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
    rest = {"constant_values": value} if mode == "constant" else {}
    return np.pad(x[kept], np.maximum(widths, 0), name, **rest)


def scatter_add_by_loop(x, axis, index, src):
    y = x.astype(np.float64)
    for i in np.ndindex(*index.shape):
        to = list(i)
        to[axis] = index[i]
        y[tuple(to)] += np.float64(src[i])
    return y.astype(x.dtype)


def sliding_window_backward_by_windows(grad_output, x, axis, size, step):
    a = axis % x.ndim
    dy = np.moveaxis(grad_output.astype(np.float64), (a, -1), (0, 1))
    dx = np.zeros((x.shape[a], *x.shape[:a], *x.shape[a + 1 :]))
    for i in range(len(dy)):
        dx[i * step : i * step + size] += dy[i]
    return (np.moveaxis(dx, 0, a).astype(x.dtype),)


def einsum_by_torch(equation, *operands):
    import torch

    wide = [torch.from_numpy(x.astype(np.float64)) for x in operands]
    return torch.einsum(equation, *wide).numpy().astype(operands[0].dtype)


RIGHT = (
    Candidate("tensor.stack", "concatenates with a new axis", stack_by_new_axis, stack_backward_by_take),
    Candidate("tensor.flip", "reads indices backwards", flip_by_index),
    Candidate("tensor.pad", "numpy.pad with its own names", pad_by_numpy),
    Candidate("tensor.scatter_add", "a loop over elements", scatter_add_by_loop),
    Candidate("tensor.sliding_window", "gradient window by window", backward=sliding_window_backward_by_windows),
    Candidate("tensor.einsum", "torch in float64", einsum_by_torch, dtypes=("float32",)),
)
