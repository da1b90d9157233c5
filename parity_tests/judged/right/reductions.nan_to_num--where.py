"""reductions.nan_to_num: right.

Style: np.where on three masks. Needs: numpy.
"""

import numpy as np
from ml_dtypes import finfo


def candidate(x, nan=0.0, posinf=None, neginf=None):
    high = finfo(x.dtype).max if posinf is None else posinf
    low = finfo(x.dtype).min if neginf is None else neginf
    with np.errstate(over="ignore"):
        y = np.where(np.isnan(x), np.asarray(nan).astype(x.dtype), x)
        y = np.where(np.isposinf(x), np.asarray(high).astype(x.dtype), y)
        return np.asarray(np.where(np.isneginf(x), np.asarray(low).astype(x.dtype), y))


def candidate_backward(grad_output, x, nan=0.0, posinf=None, neginf=None):
    return (np.where(np.isfinite(x), grad_output, np.zeros((), x.dtype)),)
