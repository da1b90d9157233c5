"""What the gradient of an output may be: all bits of its dtype, zeros, extreme sizes, other layouts, another dtype."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from parity.formats import DTYPES, Format
from parity.hostile import uniform
from parity.inputs.layouts import laid_out

FEW_BITS = 6
Maker = Callable[[tuple[int, ...], Format, np.random.Generator], np.ndarray]


def few_bits(shape, fmt, rng):
    """Between 0.5 and 2, of either sign, with so few bits that products with them are exact."""
    magnitude = 0.5 + 1.5 * uniform(shape, rng, FEW_BITS)
    return magnitude * np.where(rng.integers(0, 2, size=shape) == 0, -1.0, 1.0)


def full(shape, fmt, rng):
    """Between 0.25 and 4, of either sign, with all bits of the dtype."""
    bits = 1.0 + rng.integers(0, 1 << 52, size=shape) * 2.0**-52
    return np.ldexp(bits * np.where(rng.integers(0, 2, size=shape) == 0, -1.0, 1.0), rng.integers(-2, 2, size=shape))


def zeros(shape, fmt, rng):
    """Zeros of both signs among others."""
    return np.where(rng.integers(0, 2, size=shape) == 0, full(shape, fmt, rng), np.copysign(0.0, full(shape, fmt, rng)))


def one_hot(shape, fmt, rng):
    """A single entry that is not zero."""
    found = np.zeros(shape)
    if found.size:
        found.reshape(-1)[int(rng.integers(0, found.size))] = full((), fmt, rng)
    return found


def tiny(shape, fmt, rng):
    """About the smallest normal number, subnormal ones among them."""
    return full(shape, fmt, rng) * fmt.tiny


def huge(shape, fmt, rng):
    """So large that a sum of a few stays in range."""
    return np.ldexp(full(shape, fmt, rng), fmt.max_exponent - 12)


def wide(shape, fmt, rng):
    """Of every size: exponents from the smallest normal number to a little below the largest."""
    return np.ldexp(full(shape, fmt, rng), rng.integers(3 - fmt.max_exponent, fmt.max_exponent - 12, size=shape))


MAKERS: dict[str, Maker] = {f.__name__: f for f in (few_bits, full, zeros, one_hot, tiny, huge, wide)}
LAID_OUT = {
    "one_value": "one_value", "reversed": "reversed_axes", "swapped": "swapped", "rows": "broadcast",
    "columns": "broadcast_last", "strided": "strided", "sliced": "sliced",
}  # fmt: skip
"""Cotangents of all bits in other layouts: that of a sum is one number seen from everywhere."""
MISSHAPEN: dict[str, Callable[[tuple[int, ...]], tuple[int, ...]]] = {
    "of one axis more": lambda shape: (1, *shape),
    "of one number": lambda shape: () if shape else (1,),
    "with a last axis of one": lambda shape: (*shape, 1),
    "with one element more": lambda shape: (*shape[:-1], shape[-1] + 1) if shape else (2,),
}
"""Cotangents of a wrong shape, which a backward must refuse."""
NARROW = ("float16", "bfloat16")
NUMBERS = ("full", "zeros", "one_hot", "tiny", "huge", "wide")
COTANGENTS = (*NUMBERS, *LAID_OUT)
"""The names that a case may give for its cotangent; without one it has few bits."""


def cotangent_of(name: str, shape: tuple[int, ...], fmt: Format, rng: np.random.Generator) -> np.ndarray:
    """The cotangent of this name, in the dtype under test."""
    shape = MISSHAPEN.get(name, tuple)(shape)
    with np.errstate(all="ignore"):
        made = np.asarray(MAKERS[name if name in MAKERS else "full"](shape, fmt, rng)).astype(DTYPES[fmt.name])
    return laid_out(made, LAID_OUT.get(name, ""))
