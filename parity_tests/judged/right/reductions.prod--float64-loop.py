"""reductions.prod: right.

Style: multiply.reduce; the backward replaces each entry by 1 in turn. Needs: numpy.
Limits: refuses, scalar type, shared error.
"""

import numpy as np


def candidate(x, axis=None, keepdims=False):
    z = x.astype(np.float64)
    if axis is None:
        y = np.multiply.reduce(z.ravel())
        return np.asarray(y).astype(x.dtype).reshape((1,) * x.ndim if keepdims else ())
    return np.multiply.reduce(z, axis=axis, keepdims=keepdims).astype(x.dtype)


def candidate_backward(grad_output, x, axis=None, keepdims=False):
    """Replace each entry by 1 in turn."""
    z = (x.reshape(-1, 1) if axis is None else np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)).astype(np.float64)
    g = np.asarray(grad_output, np.float64).reshape(-1)
    out = np.empty(z.shape)
    for k in range(len(z)):
        w = z.copy()
        w[k] = 1
        out[k] = g * np.multiply.reduce(w, axis=0)
    if axis is None:
        return (out.reshape(x.shape).astype(x.dtype),)
    return (np.moveaxis(out.reshape(np.moveaxis(x, axis, 0).shape), 0, axis).astype(x.dtype),)
