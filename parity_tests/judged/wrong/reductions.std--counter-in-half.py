"""In float16 the entries are counted by adding 1 to a float16, which stops at 2048.

Kind: length. Passed before: yes.
"""

import numpy as np


def candidate(x, axis=None, correction=1, keepdims=False):
    z = x.astype(np.longdouble)
    axes = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else axis
    n = int(np.prod([x.shape[a] for a in np.atleast_1d(np.array(axes, int))], dtype=int))
    with np.errstate(all="ignore"):
        d = z - np.asarray(z.sum(axis=axes, keepdims=True)) / np.longdouble(n)
        d = d - np.asarray(d.sum(axis=axes, keepdims=True)) / np.longdouble(n)
        counted = min(n, 2048) if x.dtype == np.float16 else n
        y = np.asarray((d * d).sum(axis=axes, keepdims=keepdims)) / np.longdouble(max(counted - correction, 0))
        return np.sqrt(y).astype(x.dtype)
