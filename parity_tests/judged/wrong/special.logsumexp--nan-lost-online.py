"""special.logsumexp: wrong.

tracel-ai/burn#4814 with an online (one pass) logsumexp: the running maximum drops a nan, and the rescaling forgets it.
"""

import numpy as np


def candidate(x, axis, keepdims=False):
    axes = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else tuple(a % x.ndim for a in np.atleast_1d(axis))
    kept = [i for i in range(x.ndim) if i not in axes]
    n = int(np.prod([x.shape[a] for a in axes]))
    rows = x.transpose(list(axes) + kept).reshape([n] + [x.shape[i] for i in kept]).astype(np.float64)
    shape = rows.shape[1:]
    m, s = np.full(shape, -np.inf), np.zeros(shape)
    with np.errstate(all="ignore"):
        for r in rows:
            bad = np.isnan(s) & ~np.isnan(r)
            new = np.where(np.isnan(r), m, np.maximum(m, r))
            shift = np.where(np.isinf(new), 0, new)
            s = np.where(bad, 0, s) * np.exp(np.where(m == new, 0, m - shift)) + np.exp(
                np.where(np.isinf(new) & (r == new), 0, r - shift)
            )
            m = new
        y = np.where(np.isinf(m) & ~np.isnan(s), m, np.where(np.isinf(m), 0, m) + np.log(s))
        y = np.where(m == -np.inf, np.where(np.isnan(s), s, m), y)
    y = y.astype(x.dtype)
    if keepdims:
        y = y.reshape([1 if i in axes else x.shape[i] for i in range(x.ndim)])
    return y
