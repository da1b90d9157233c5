"""Embedding, as defined: row i of the table for index i."""

from __future__ import annotations

import numpy as np

from parity.definitions._functions import movement


@movement
def embedding(indices, weight, padding_idx=None):
    """The row of `padding_idx` is a constant: it is looked up as any other, but no gradient reaches it."""
    y = weight[indices]
    if padding_idx is None or weight.dtype != object:
        return y
    fixed = np.frompyfunc(lambda v: type(v)(v.value), 1, 1)
    return np.where((indices == padding_idx % len(weight))[..., None], fixed(y), y)
