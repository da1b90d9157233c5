"""reductions.norm: right.

Style: scaled by the largest magnitude, powers in float64. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def _power(a, p):
    top = a.max(axis=-1, keepdims=True, initial=0) if p > 0 else a.min(axis=-1, keepdims=True)
    safe = np.where((top == 0) | ~np.isfinite(top), 1.0, top)
    return safe[..., 0] * ((a / safe) ** p).sum(axis=-1) ** (1 / p)


def candidate(x, ord=2, axis=None, keepdims=False):
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(a % x.ndim for a in axes)
    rest = [a for a in range(x.ndim) if a not in axes]
    n = int(np.prod([x.shape[a] for a in axes], dtype=int))
    a = np.abs(x.astype(np.float64)).transpose(rest + list(axes)).reshape([x.shape[r] for r in rest] + [n])
    with np.errstate(all="ignore"):
        if ord == 0:
            y = np.count_nonzero(a, axis=-1).astype(np.float64)
        elif np.isinf(ord):
            y = a.max(axis=-1) if ord > 0 else a.min(axis=-1)
        else:
            y = _power(a, ord)
    return np.asarray(np.expand_dims(y, axes) if keepdims else y).astype(x.dtype)
