"""The maximum is a fold that keeps the old value unless the new one is greater, and the exponential of a nan counts as 0.

Only a nan in the last place is noticed, because the row is checked by its last entry.

Kind: place. Passed before: yes.
"""

import numpy as np


def candidate(x, axis=-1):
    z = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        if x.ndim == 0:
            return (z - z).astype(x.dtype)
        bad = np.isnan(np.take(z, [-1], axis=axis)) if x.shape[axis] else np.zeros(())
        top = np.fmax.reduce(z, axis=axis, keepdims=True, initial=-np.inf)
        e = np.exp(z - top)
        total = np.where(np.isnan(e) & np.isnan(z), 0, e).sum(axis, keepdims=True)
        y = (z - top) - np.log(total)
        return np.where(bad, np.nan, y).astype(x.dtype)
