"""activations.softmax: wrong.

ROCm/rocm-libraries#5240 (review): only for an axis that is not the last, memory is walked as if it were packed, whatever the
strides.
"""

import numpy as np


def candidate(x, axis=-1):
    z = x
    if x.ndim and axis % x.ndim != x.ndim - 1 and not x.flags.c_contiguous:
        z = x.ravel(order="K").reshape(x.shape)
    z = z.astype(np.float64)
    with np.errstate(all="ignore"):
        e = np.exp(z - z.max(axis, keepdims=True, initial=-np.inf))
        return (e / e.sum(axis, keepdims=True)).astype(x.dtype)
