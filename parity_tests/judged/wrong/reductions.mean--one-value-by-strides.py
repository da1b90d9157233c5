"""An incoming gradient whose last stride is zero is taken for a single number: only its first value is used.

The gradient of a sum looks like that, and so does the gradient of a sum over the last axis alone.

Kind: cotangents. Passed before: yes.
"""

import numpy as np


def candidate(x, axis=None, keepdims=False):
    with np.errstate(all="ignore"):
        axis = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else axis
        total = np.asarray(x.astype(np.longdouble).sum(axis=axis, keepdims=keepdims))
        n = np.prod([x.shape[a] for a in np.atleast_1d(np.array(axis, int))], dtype=int)
        return (total / np.longdouble(n)).astype(x.dtype)


def candidate_backward(grad_output, x, axis=None, keepdims=False):
    dy = grad_output.astype(np.longdouble)
    axes = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else tuple(a % x.ndim for a in np.atleast_1d(axis))
    if not keepdims:
        dy = dy.reshape([1 if i in axes else m for i, m in enumerate(x.shape)])
    if grad_output.ndim and grad_output.strides[-1] == 0 and grad_output.size:
        dy = np.full(dy.shape, dy.flat[0])
    n = np.prod([x.shape[a] for a in axes], dtype=int)
    with np.errstate(all="ignore"):
        return (np.broadcast_to(dy / np.longdouble(n), x.shape).astype(x.dtype),)
