"""The gradient is written as a quotient by the incoming one, x over (-2 x² / (g y)); an entry that gets no gradient is nan.

Kind: cotangents. Passed before: yes.
"""

import numpy as np


def candidate(x):
    with np.errstate(all="ignore"):
        wide = x.astype(np.longdouble)
        return (np.longdouble(1) / np.sqrt(wide)).astype(x.dtype)


def candidate_backward(grad_output, x):
    with np.errstate(all="ignore"):
        wide, dy = x.astype(np.longdouble), grad_output.astype(np.longdouble)
        slope = np.longdouble(-0.5) / np.sqrt(wide) / wide
        ratio = slope / dy
        return (np.where(dy == 0, np.nan, dy * dy * ratio).astype(x.dtype),)
