"""activations.softmax: wrong.

Kind: state.
Passed before: yes.
The last result is kept for the very same array object (identity and shape), although its numbers may have been replaced.
"""

import weakref

import numpy as np

_LAST = []


def candidate(x, axis=-1):
    if _LAST and _LAST[0]() is x and _LAST[1] == axis:
        return _LAST[2].copy()
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        e = np.exp(z - z.max(axis, keepdims=True, initial=-np.inf))
        y = (e / e.sum(axis, keepdims=True)).astype(x.dtype)
    _LAST[:] = weakref.ref(x), axis, y.copy()
    return y
