"""distributions.normal_entropy: right.

Style: the formula in float64, gradient included. Needs: numpy.
"""

import numpy as np


def _narrow(g, like):
    g = g.sum(axis=tuple(range(g.ndim - like.ndim)))
    kept = tuple(i for i, n in enumerate(like.shape) if n == 1 and g.shape[i] != 1)
    return np.asarray(g.sum(axis=kept, keepdims=True)).astype(like.dtype)


def candidate(loc, scale):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = 0.5 * np.log(2 * np.pi * np.e) + np.log(scale.astype(np.float64))
    return np.array(np.broadcast_to(y, np.broadcast_shapes(loc.shape, scale.shape))).astype(loc.dtype)


def candidate_backward(grad_output, loc, scale):
    g = grad_output.astype(np.float64)
    with np.errstate(divide="ignore", over="ignore"):
        return _narrow(np.zeros_like(g), loc), _narrow(g / scale.astype(np.float64), scale)
