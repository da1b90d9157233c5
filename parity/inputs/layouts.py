"""Memory layouts: the same numbers in other places of memory, and arrays that repeat themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Layout = Callable[[np.ndarray], np.ndarray]


def strided(x):
    """Every second element of a larger buffer."""
    buffer = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    buffer[..., ::2] = x
    return buffer[..., ::2]


def negative_stride(x):
    """The last axis walked backwards."""
    return np.ascontiguousarray(x[..., ::-1])[..., ::-1]


def fortran_order(x):
    """Column-major memory."""
    return np.asfortranarray(x)


def broadcast(x):
    """The first slice seen again and again through a stride of zero."""
    return np.broadcast_to(x[:1].copy(), x.shape)


def broadcast_last(x):
    """The first element of each row seen again and again."""
    return np.broadcast_to(x[..., :1].copy(), x.shape)


def one_value(x):
    """A single number seen from everywhere."""
    return np.broadcast_to(x[(slice(0, 1),) * x.ndim].copy(), x.shape)


def reversed_axes(x):
    """Every axis walked backwards."""
    backwards = (slice(None, None, -1),) * x.ndim
    return np.ascontiguousarray(x[backwards])[backwards]


def swapped(x):
    """The last two axes exchanged in memory."""
    return np.ascontiguousarray(np.swapaxes(x, -1, -2)).swapaxes(-1, -2)


def sliced(x):
    """The middle of a larger buffer."""
    buffer = np.zeros(tuple(n + 2 for n in x.shape), x.dtype)
    middle = (slice(1, -1),) * x.ndim
    buffer[middle] = x
    return buffer[middle]


LAYOUTS: dict[str, Layout] = {
    f.__name__: f
    for f in (
        strided, negative_stride, fortran_order, broadcast, broadcast_last, one_value, reversed_axes, swapped, sliced,
    )
}  # fmt: skip
LEAST_AXES = {"fortran_order": 2, "swapped": 2}
"""Axes below which a layout is none."""
CONDITION_OF = {
    "strided": "strided", "sliced": "strided", "negative_stride": "negative strides", "reversed_axes": "negative strides",
    "fortran_order": "Fortran order", "swapped": "Fortran order", "broadcast": "zero strides", "broadcast_last": "zero strides",
    "one_value": "zero strides",
}  # fmt: skip
"""The calling conditions that memory layouts are about."""


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """The array in a layout (as it is, where it has no elements or too few axes)."""
    if not layout or not array.size or array.ndim < LEAST_AXES.get(layout, 1):
        return array
    return LAYOUTS[layout](array)
