"""A question that is asked before another one, in the same memory: its result is kept, and must stay as it is."""

from __future__ import annotations

import contextlib

import numpy as np


@contextlib.contextmanager
def in_the_memory_of(arrays, others):
    """Write the numbers of other arrays into these, where they fit; what is to be given in place of each other array.

    Both are (array, memory, wanted), in the order of the question.
    """
    shared = [(a, memory, b) for (a, memory, _), (b, *_) in zip(arrays, others) if _fits(a, b)]
    held = [memory.copy() for _, memory, _ in shared]
    for a, _, b in shared:
        _write(a, b)
    try:
        yield {id(b): a for a, _, b in shared}
    finally:
        for (_, memory, _), own in zip(shared, held):
            memory[...] = own


def _fits(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and a.size and 0 not in a.strides


def _write(a, b):
    writeable = a.flags.writeable
    a.flags.writeable = True
    a[...] = b
    a.flags.writeable = writeable


def exchanged(value, instead):
    """The arguments with arrays exchanged for others (a mapping by identity), also within lists."""
    if isinstance(value, (list, tuple)):
        return type(value)(exchanged(v, instead) for v in value)
    if isinstance(value, dict):
        return {k: exchanged(v, instead) for k, v in value.items()}
    return instead.get(id(value), value)


class Kept:
    """The arrays in an earlier result."""

    def __init__(self, arrays=()):
        self.arrays = list(arrays)
        self.bits = [np.asarray(a).tobytes() for a in self.arrays]
        self.notes = []
        """What the question did besides."""

    def changed(self):
        """Whether they are others than they were."""
        return self.bits != [np.asarray(a).tobytes() for a in self.arrays]
