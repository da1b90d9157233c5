"""reductions.amax: the last of the sorted slice; NaN sorts last, but not in bfloat16, where it stays in the middle and is lost.

It was taken for right: with NaN at the end of a row it is.
Kind: place.
Passed before: yes.
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
