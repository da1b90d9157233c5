"""normalization.rms_norm: right.

Style: einsum of squares in float64. Needs: numpy.
Limits: refuses, shared error.
"""

import numpy as np


def candidate(x, normalized_shape, weight=None, eps=None):
    if eps is None:
        eps = {2: 2.0**-23, 4: 2.0**-23, 8: 2.0**-52}[x.dtype.itemsize]
    k = len(normalized_shape)
    z = x.reshape((*x.shape[: x.ndim - k], -1)).astype(np.float64)
    ms = np.einsum("...i,...i->...", z, z) / z.shape[-1]
    y = (z * ((ms + eps) ** -0.5)[..., None]).reshape(x.shape)
    return (y if weight is None else y * weight).astype(x.dtype)
