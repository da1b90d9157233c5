"""An array walked backwards along its last axis is rolled in its memory: the entries move the other way.

Kind: layout. Passed before: yes.
"""

import numpy as np


def candidate(x, shift, axis=None):
    if axis is None:
        return np.roll(x.reshape(-1), shift).reshape(x.shape)
    y = x
    for s, a in zip(np.atleast_1d(shift).tolist(), np.atleast_1d(axis).tolist()):
        back = x.ndim and x.size and x.strides[a] < 0 and x.shape[a] > 1
        y = np.roll(y, -s if back else s, a)
    return y.copy()
