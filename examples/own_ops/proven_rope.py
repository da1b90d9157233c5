# proven_rope.py
"""The op of rope.py with a definition, so that the truth is proven."""

import numpy as np
from rope import COS, SIN, X, reference, rope, rope_backward

from parity.definitions._functions import scaled
from parity.own import own_op


def products(x, cos, sin):
    x1, x2 = abs(x[..., 0::2]), abs(x[..., 1::2])
    c, s = abs(cos), abs(sin)
    return np.stack([x1 * c + x2 * s, x2 * c + x1 * s], -1).reshape(x.shape)


@scaled(forward=products)
def definition(x, cos, sin):
    x1, x2 = x[..., 0::2], x[..., 1::2]
    return np.stack([x1 * cos - x2 * sin, x2 * cos + x1 * sin], -1).reshape(x.shape)


OPS = [own_op("mine.rope", rope, rope_backward, arrays=(X, COS, SIN), torch=reference, definition=definition)]
