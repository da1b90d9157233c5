"""activations.softsign: right.

Style: computes, and answers, in float32 where 16 bits are asked. Needs: numpy.
Limits: promotes.
"""

import numpy as np


def candidate(x):
    z = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    magnitude = np.abs(z)
    inside = z / (1 + magnitude)
    return np.asarray(np.where(np.isinf(z), np.sign(z), inside), z.dtype)
