"""linear.matmul: wrong.

Kind: structure.
Passed before: yes.
Of operands with different numbers of batch axes, the shorter one gets its missing axes behind its own, not in front.
"""

import numpy as np


def candidate(x, other):
    a, b = x.astype(np.float64), other.astype(np.float64)
    if min(a.ndim, b.ndim) > 2:
        while a.ndim < b.ndim:
            a = a[:, None] if a.ndim == 3 else a[:, :, None]
        while b.ndim < a.ndim:
            b = b[:, None] if b.ndim == 3 else b[:, :, None]
    with np.errstate(all="ignore"):
        return np.asarray(np.matmul(a, b)).astype(np.result_type(x, other))
