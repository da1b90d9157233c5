"""Which inputs an element of the result depends on, read off the definition's own tape.

Every element of every float array (and cotangent) is one bit; an output has the bits of all that it was made from.  A
comparison leaves no trace: an element depends on what was chosen, not on what it was compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity import oracle
from parity.real import Tape


@dataclass(frozen=True)
class Reach:
    """For every output (or gradient) the bits of the inputs that its elements depend on."""

    bits: tuple[np.ndarray | None, ...]
    """Object arrays of Python integers; None for an output of integers, which may depend on everything."""
    offsets: tuple[int | None, ...]
    """The number of the first bit of each array and then of each cotangent; None for one that has no bits."""

    def where(self, masks: Sequence[Any], position: int, shape: tuple[int, ...]) -> np.ndarray:
        """The elements of one output that depend on an input where its mask (by array, then cotangent) is true."""
        marked = 0
        for offset, mask in zip(self.offsets, masks, strict=True):
            if offset is not None and mask is not None and np.any(mask):
                packed = np.packbits(np.asarray(mask, bool).reshape(-1), bitorder="little").tobytes()
                marked |= int.from_bytes(packed, "little") << offset
        bits = self.bits[position]
        if bits is None:
            return np.full(shape, bool(marked))
        # What is made of no number was chosen by comparisons alone (a sign): it may depend on all of them.
        return np.array([bool(b & marked) if b else bool(marked) for b in bits.reshape(-1)], bool).reshape(shape)

    def terms(self, position: int, shape: tuple[int, ...]) -> np.ndarray:
        """How many inputs each element of one output is made of."""
        bits = self.bits[position]
        if bits is None:
            return np.ones(shape)
        return np.array([float(b.bit_count()) for b in bits.reshape(-1)]).reshape(shape)


@oracle.quiet
def reach(
    definition: Callable[..., Any], arrays: Sequence[Any], options: dict[str, Any],
    cotangents: Sequence[Any] = (), wanted: Sequence[bool] = (),
) -> Reach:  # fmt: skip
    """What each element depends on; with cotangents, what each element of a wanted gradient does."""
    leaves = [oracle.to_reals(a) for a in arrays]
    offsets, last = _numbered(leaves)
    outputs = _traced(definition, leaves, options)
    found = [_bits_of(y) for y in outputs]
    if not cotangents:
        return Reach(tuple(found), tuple(offsets))
    seeds: list[int | None] = []
    for c in cotangents:
        seeds.append(None if c is None else last)
        last += 0 if c is None else np.size(c)
    together = [_with_seeds(b, s) for b, s in zip(found, seeds, strict=True) if b is not None and s is not None]
    gradients = [_pulled(np.shape(a), o, together) for a, o, w in zip(leaves, offsets, wanted, strict=True) if w]
    return Reach(tuple(gradients), (*offsets, *seeds))


def _numbered(leaves: Sequence[Any]) -> tuple[list[int | None], int]:
    """Give every number of the leaves a bit of its own, kept where the tape keeps gradients."""
    offsets: list[int | None] = []
    last = 0
    for leaf in leaves:
        if not isinstance(leaf, np.ndarray) or leaf.dtype != object:
            offsets.append(None)
            continue
        offsets.append(last)
        for i, node in enumerate(leaf.reshape(-1).tolist()):
            node.gradient = 1 << (last + i)
        last += leaf.size
    return offsets, last


def _traced(definition, leaves, options) -> list[np.ndarray]:
    def attempt():
        Tape.records = records = []
        try:
            outputs = oracle.outputs(definition, leaves, options)
        finally:
            Tape.records = None
        for node in records:
            node.gradient = 0
            for parent, _ in node.edges:
                node.gradient |= _bit_of(parent)
        return outputs

    return oracle.decided(attempt)


def _bit_of(node: Any) -> int:
    """The bits of a node; a constant that all calls share may still hold the gradient of another call."""
    return node.gradient if isinstance(node.gradient, int) else 0


def _bits_of(output: np.ndarray) -> np.ndarray | None:
    if output.dtype != object:
        return None
    bits = np.empty(output.shape, object)
    bits.reshape(-1)[:] = [_bit_of(r) for r in output.reshape(-1).tolist()]
    return bits


def _with_seeds(bits: np.ndarray, first: int) -> list[int]:
    return [b | 1 << (first + i) for i, b in enumerate(bits.reshape(-1).tolist())]


def _pulled(shape: tuple[int, ...], offset: int | None, outputs: Sequence[list[int]]) -> np.ndarray:
    """A gradient depends on all that the outputs depend on which its input reaches."""
    size = int(np.prod(shape, dtype=int))
    found = [0] * size
    window = (1 << size) - 1
    for bits in (b for output in outputs for b in output):
        mine = (bits >> (offset or 0)) & window
        while mine:
            low = mine & -mine
            found[low.bit_length() - 1] |= bits
            mine ^= low
    out = np.empty(size, object)
    out[:] = found
    return out.reshape(shape)
