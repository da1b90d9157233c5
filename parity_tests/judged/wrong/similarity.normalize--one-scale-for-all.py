"""Squares are kept in range by dividing by the largest entry of the whole array: rows far below it become zeros.

Kind: mixture. Passed before: no.
"""

import numpy as np


def candidate(x, p=2.0, axis=1, eps=1e-12):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        if p == np.inf:
            norm = np.abs(z).max(axis, keepdims=True, initial=0)
        elif p == 0:
            norm = np.where(np.isnan(z), np.nan, z != 0).sum(axis, keepdims=True)
        else:
            wide = np.abs(x.astype(np.longdouble))
            top = wide.max(axis, keepdims=True, initial=0)
            top = np.where((top > 0) & np.isfinite(top), top, 1)
            norm = ((wide / top) ** np.longdouble(p)).sum(axis, keepdims=True) ** (1 / np.longdouble(p)) * top
        most = np.abs(z).max(initial=0)
        lost = (norm < most * 2.0**-540) & np.isfinite(most)
        return np.where(lost, 0, x.astype(np.longdouble) / np.maximum(norm, np.longdouble(eps))).astype(x.dtype)
