"""reductions.amax: right.

Style: the last of the sorted slice (NaN sorts last). Needs: numpy.
Limits: refuses.
"""

import numpy as np


def candidate(x, axis=None, keepdims=False):
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(a % x.ndim for a in axes)
    rest = [a for a in range(x.ndim) if a not in axes]
    z = np.sort(
        x.transpose(rest + list(axes)).reshape([x.shape[a] for a in rest] + [int(np.prod([x.shape[a] for a in axes]))]), axis=-1
    )
    if z.shape[-1] == 0:
        raise ValueError("maximum of an empty axis")
    y = z[..., -1]
    return np.expand_dims(y, axes) if keepdims else np.asarray(y)
