"""In column-major memory the scan runs along the axis that lies densest, whatever axis was asked for, if that is not the last.

Kind: layout. Passed before: yes.
"""

import numpy as np


def candidate(x, axis):
    z = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        if x.ndim == 0:
            return x.copy()
        at = axis % x.ndim
        if x.ndim == 2 and at == 0 and x.flags.f_contiguous and not x.flags.c_contiguous:
            at = 1
        return np.cumprod(z, axis=at).astype(x.dtype)
