"""If any entry of the array is nan, the answer is nan for every row.

Kind: mixture. Passed before: yes.
"""

import numpy as np


def candidate(x, axis=None, correction=1, keepdims=False):
    z = x.astype(np.longdouble)
    axes = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else axis
    n = np.prod([x.shape[a] for a in np.atleast_1d(np.array(axes, int))], dtype=int)
    with np.errstate(all="ignore"):
        d = z - np.asarray(z.sum(axis=axes, keepdims=True)) / np.longdouble(n)
        d = d - np.asarray(d.sum(axis=axes, keepdims=True)) / np.longdouble(n)
        y = np.asarray((d * d).sum(axis=axes, keepdims=keepdims)) / np.longdouble(max(n - correction, 0))
        if np.isnan(z).any():
            y = np.full_like(y, np.nan)
        return y.astype(x.dtype)
