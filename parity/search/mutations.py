"""Small changes of arrays that may make errors larger: bits, magnitudes, signs, order, and numbers that nearly tie."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from parity.formats import FORMATS
from parity.search.patterns import keys_of, mantissa_bits, numbers, top_key

Rng = np.random.Generator
FAR = 40
"""Powers of two that a number may be moved by in one step."""


# -- which elements ------------------------------------------------------------------------------------------------------------
def _some(x: np.ndarray, rng: Rng) -> np.ndarray:
    """One element, a row, about half of all, or all of them."""
    mask = np.zeros(x.shape, bool)
    draw = rng.random()
    if draw < 0.5 or x.ndim == 0:
        mask.reshape(-1)[rng.integers(x.size)] = True
    elif draw < 0.75:
        mask[_row(x, rng)] = True
    else:
        mask[...] = rng.random(x.shape) < (0.5 if draw < 0.9 else 1.0)
    return mask


def _row(x: np.ndarray, rng: Rng) -> tuple:
    """An index of one row along the last axis."""
    return tuple(int(rng.integers(n)) for n in x.shape[:-1])


def _moved(x: np.ndarray, offsets, dtype: str) -> np.ndarray:
    """Each number moved by whole numbers of neighbours."""
    last = top_key(dtype)
    keys = np.clip(keys_of(x, dtype) + np.asarray(offsets).reshape(-1), -last - 1, last)
    return numbers(keys, dtype).astype(np.float64).reshape(x.shape)


# -- the changes ---------------------------------------------------------------------------------------------------------------
def nudge(x, dtype, rng):
    """Low mantissa bits of some elements."""
    reach = 2.0 ** rng.uniform(0, mantissa_bits(dtype), size=x.shape)
    offsets = np.rint(reach * rng.uniform(-1, 1, size=x.shape)).astype(np.int64)
    return np.where(_some(x, rng), _moved(x, offsets, dtype), x)


def redraw(x, dtype, rng):
    """New mantissas."""
    _, exponent = np.frexp(x)
    fresh = np.copysign(np.ldexp(0.5 + 0.5 * rng.random(x.shape), exponent), x)
    return np.where(_some(x, rng), np.where(x == 0, rng.uniform(-1, 1, size=x.shape), fresh), x)


def shift(x, dtype, rng):
    """Some elements times a power of two."""
    return np.where(_some(x, rng), np.ldexp(x, _power(rng)), x)


def _power(rng: Rng) -> int:
    return int(rng.integers(1, FAR + 1)) * (1 if rng.random() < 0.5 else -1)


def near_tie(x, dtype, rng):
    """One element copied onto others, or onto their neighbours."""
    value = np.full(x.shape, x.reshape(-1)[rng.integers(x.size)])
    return np.where(_some(x, rng), _moved(value, rng.integers(-2, 3, size=x.shape), dtype), x)


def negate(x, dtype, rng):
    """The signs of some elements."""
    return np.where(_some(x, rng), -x, x)


def cancel(x, dtype, rng):
    """One element nearly the negative of another, so that their sum loses its digits."""
    flat = x.reshape(-1).copy()
    i, j = rng.integers(x.size, size=2)
    flat[i] = -_moved(flat[j : j + 1], [rng.integers(-4, 5)], dtype)[0]
    return flat.reshape(x.shape)


def offset(x, dtype, rng):
    """A common number added to a row or to all: the mean far from zero."""
    finite = np.abs(x[np.isfinite(x)])
    size = np.ldexp(finite.max(initial=FORMATS[dtype].tiny), rng.integers(1, FORMATS[dtype].precision))
    where = _row(x, rng) if x.ndim and rng.random() < 0.5 else ...
    y = np.array(x)
    y[where] += size * rng.uniform(-1, 1)
    return y


def balance(x, dtype, rng):
    """The last element of a row is minus the sum of the others."""
    if not x.ndim or x.shape[-1] < 2:
        return x
    y, row = x.copy(), _row(x, rng)
    y[(*row, -1)] = -y[row][:-1].sum()
    return y


def reorder(x, dtype, rng):
    """Sorted, reversed or shuffled."""
    flat = x.reshape(-1)
    draw = rng.random()
    found = np.sort(flat) if draw < 0.3 else flat[::-1] if draw < 0.6 else rng.permutation(flat)
    return found.reshape(x.shape)


def nasty(x, dtype, rng):
    """Some elements replaced by a number where something changes in the format."""
    fmt = FORMATS[dtype]
    sizes = (
        0.0, fmt.smallest, fmt.tiny, fmt.u, math.sqrt(fmt.u), 1 - fmt.u, 1.0, 1 + fmt.eps, math.sqrt(fmt.max), fmt.max,
        fmt.log_max, -fmt.log_smallest, 1 / fmt.u, math.sqrt(fmt.tiny),
    )  # fmt: skip
    value = sizes[rng.integers(len(sizes))] * (1 if rng.random() < 0.5 else -1)
    return np.where(_some(x, rng), value, x)


CHANGES: tuple[Callable[[np.ndarray, str, Rng], np.ndarray], ...] = (
    nudge, nudge, redraw, redraw, shift, near_tie, negate, cancel, offset, balance, reorder, nasty,
)  # fmt: skip
"""Taken with equal chance; those of bits count twice."""
CALM: tuple[Callable[[np.ndarray, str, Rng], np.ndarray], ...] = (nudge, redraw, redraw, negate, reorder)
"""Those that leave every magnitude where it is, up to a factor of two."""


@np.errstate(all="ignore")
def changed(x: np.ndarray, dtype: str, rng: Rng, choice=CHANGES) -> np.ndarray:
    """A float64 array with one change; elements that are nan or infinite stay as they are, and no others become so."""
    y = choice[rng.integers(len(choice))](x, dtype, rng)
    return np.where(np.isfinite(x) & ~np.isnan(y), np.clip(y, -FORMATS[dtype].max, FORMATS[dtype].max), x)


@np.errstate(all="ignore")
def copied(onto: np.ndarray, other: np.ndarray, dtype: str, rng: Rng) -> np.ndarray:
    """Elements of another array of the same shape copied over, or their neighbours: differences that cancel."""
    near = _moved(other, rng.integers(-3, 4, size=other.shape), dtype)
    return np.where(_some(onto, rng) & np.isfinite(onto) & np.isfinite(other), near, onto)
