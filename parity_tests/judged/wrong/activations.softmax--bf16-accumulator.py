"""activations.softmax: wrong.

pytorch/executorch#20090: the sum of the exponentials is kept in the storage type; in bfloat16 it sticks at 256.
"""

import numpy as np


def candidate(x, axis=-1):
    z = x.astype(np.float32) if x.dtype.itemsize < 4 else x
    with np.errstate(all="ignore"):
        e = np.exp(z - z.max(axis, keepdims=True, initial=-np.inf))
        if x.ndim == 0:
            return (e / e).astype(x.dtype)
        total = np.zeros(np.delete(np.array(x.shape), axis), x.dtype)
        for part in np.moveaxis(e, axis, 0):
            total = (total.astype(part.dtype) + part).astype(x.dtype)
        return (e / np.expand_dims(total, axis).astype(e.dtype)).astype(x.dtype)
