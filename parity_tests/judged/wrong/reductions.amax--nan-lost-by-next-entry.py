"""reductions.amax: wrong.

tracel-ai/burn#4814 (extrema and nan differ by backend), sonots/cumo#234: the running extremum is replaced unless
x <= best; a nan is taken, and lost again to the next entry.
"""

import numpy as np


def candidate(x, axis=None, keepdims=False):
    axes = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else tuple(a % x.ndim for a in np.atleast_1d(axis))
    kept = [i for i in range(x.ndim) if i not in axes]
    n = int(np.prod([x.shape[a] for a in axes]))
    rows = x.transpose(list(axes) + kept).reshape([n] + [x.shape[i] for i in kept])
    best = rows[0].copy()
    for r in rows[1:]:
        best = np.where(~(r <= best), r, best)
    if keepdims:
        best = best.reshape([1 if i in axes else x.shape[i] for i in range(x.ndim)])
    return best.astype(x.dtype)
