"""Long and short axes: every axis that an op works along, at lengths around the sizes of blocks, tiles and vectors."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from parity.kinds import Kind, Maker
from parity.pair import Axis, Pair

LENGTHS = (1, 2, 3, 9, 60, 130, 300, 769, 1025, 2049, 4097, 65537)
"""Below and above the sizes at which implementations begin another block."""
SHORT = 300
"""The greatest length at which an elementwise op is asked in both directions."""
MOST = 24
"""Numbers in all arrays for each step along the axis: beyond it, two axes would grow at once."""
DISTINCT = 5
"""Different numbers in a row of few values."""


def as_asked(pair: Pair, elementwise: bool) -> Pair:
    """The pair with the greatest length at which it is asked: of an elementwise op a long row is only asked forward."""
    return replace(pair, longest=min(pair.longest, SHORT)) if elementwise else pair


def axes_of(pair: Pair) -> Iterator[Axis]:
    """The axes of an op.

    Axes of one length in several arrays are taken for one, and all others are made as short as may be.  Where that is not so,
    the pair says it itself.
    """
    if pair.axes is not None:
        yield from pair.axes
        return
    kinds = [k for k in pair.arrays if k.role != "fixed" and not k.seldom]
    for size in dict.fromkeys(n for k in kinds for n in k.shape):
        yield Axis({k.name: tuple("n" if n == size else 1 for n in k.shape) for k in kinds})


def at_length(pair: Pair, axis: Axis, n: int) -> tuple[dict[str, tuple[int, ...]], dict[str, Any]] | None:
    """Shapes and options at one length; None where it is too long, or too much."""
    shapes = {name: tuple(_length(m, n) for m in shape) for name, shape in axis.shapes.items()}
    if n > (axis.longest or pair.longest) or sum(map(math.prod, shapes.values())) > MOST * max(n, 9):
        return None
    return shapes, {k: tuple(_length(m, n) for m in v) if isinstance(v, tuple) else v for k, v in axis.options.items()}


def within_bounds(pair: Pair, axis: Axis, n: int) -> dict[str, Maker]:
    """Where the axis is the one that indices or labels are taken from: makers of those that reach its end."""
    usual = {k.name: k for k in pair.arrays}
    grown = {
        usual[name].shape[i]: _length(entry, n)
        for name, shape in axis.shapes.items()
        for i, entry in enumerate(shape)
        if isinstance(entry, str) and usual[name].role == "float" and i < len(usual[name].shape)
    }
    chosen = {k.name: grown.get(k.outside[1], 0) for k in pair.arrays if k.outside}
    return {name: _reaching(bound) for name, bound in chosen.items() if bound > usual[name].outside[1]}


def _reaching(bound: int) -> Maker:
    def maker(shape, fmt, rng):
        found = np.asarray(rng.integers(0, bound, size=shape))
        found.reshape(-1)[:1] = bound - 1
        return found

    return maker


def _length(entry: int | str, n: int) -> int:
    """A number, or "n", "n+2", "4n" at a length."""
    if isinstance(entry, int):
        return entry
    found = re.fullmatch(r"(\d*)n(?:\+(\d+))?", entry)
    if found is None:
        raise ValueError(f"{entry!r} is no length; write a number, 'n', 'n+2' or '4n'.")
    return int(found[1] or 1) * n + int(found[2] or 0)


def few_values(kind: Kind) -> Maker:
    """Positive numbers, few of them different: rounding errors of a sum go one way, and are not averaged out."""

    def maker(shape, fmt, rng):
        return np.resize(np.abs(kind.ordinary((DISTINCT,), fmt, rng)), shape)

    return maker
