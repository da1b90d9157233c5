"""reductions.topk: wrong.

tenstorrent/tt-metal#56626: values are ranked by sign and magnitude of their bit patterns, so that a nan with its sign
bit set ranks below -inf and drops out of the top k.
"""

import numpy as np


def _key(x):
    bits = {2: np.int16, 4: np.int32, 8: np.int64}[x.dtype.itemsize]
    i = np.ascontiguousarray(x).view(bits).reshape(x.shape).astype(np.int64)
    least = np.iinfo(bits).min
    key = np.where(i < 0, least - i, i)  # monotone in the value, -0 equal to +0
    return canonical(key, x)


def canonical(key, x):
    return key


def candidate(x, k, axis=-1, largest=True):
    if x.ndim == 0:
        return (x.copy()[()] if k else x[None][:0]), np.zeros((), np.int64) if k else np.zeros(0, np.int64)
    key = _key(x)
    key = -1 - key if largest else key
    order = np.argsort(key, axis=axis, kind="stable")
    order = np.take(order, np.arange(k), axis=axis).astype(np.int64)
    return np.take_along_axis(x, order, axis), order


def candidate_backward(grad_output, x, k, axis=-1, largest=True):
    dy = grad_output[0] if isinstance(grad_output, tuple) else grad_output
    if x.ndim == 0:
        return (np.array(dy, x.dtype).reshape(()) if k else np.zeros_like(x),)
    dx = np.zeros_like(x)
    np.put_along_axis(dx, candidate(x, k, axis, largest)[1], dy.astype(x.dtype), axis)
    return (dx,)
