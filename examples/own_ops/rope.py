# rope.py
"""Rotary position embedding as an op of one's own."""

import numpy as np

from parity.own import Factor, own_op


def rope(x, cos, sin):
    """Turn each pair (x[2i], x[2i+1]) by its angle; computed in float64, rounded once."""
    x1, x2, c, s = pairs(x, cos, sin)
    return joined(x1 * c - x2 * s, x2 * c + x1 * s).astype(x.dtype)


def rope_backward(grad_output, x, cos, sin):
    """The gradients of x (turned back by the same angle), of cos and of sin."""
    x1, x2, c, s = pairs(x, cos, sin)
    g1, g2, _, _ = pairs(grad_output, cos, sin)
    gradients = joined(g1 * c + g2 * s, g2 * c - g1 * s), g1 * x1 + g2 * x2, g2 * x1 - g1 * x2
    return tuple(g.astype(x.dtype) for g in gradients)


def pairs(x, *more):
    return [a.astype(np.float64) for a in (x[..., 0::2], x[..., 1::2], *more)]


def joined(even, odd):
    return np.stack([even, odd], -1).reshape(*even.shape[:-1], -1)


def reference(x, cos, sin):
    import torch

    x1, x2 = x[..., 0::2], x[..., 1::2]
    return torch.stack([x1 * cos - x2 * sin, x2 * cos + x1 * sin], -1).flatten(-2)


X = Factor("x", (4, 8))
COS, SIN = (Factor(name, (4, 4)).only("signed_zeros", "subnormals") for name in ("cos", "sin"))  # they are at most 1
OPS = [own_op("mine.rope", rope, rope_backward, arrays=(X, COS, SIN), torch=reference, linear=True)]
