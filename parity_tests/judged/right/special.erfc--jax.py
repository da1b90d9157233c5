"""special.erfc: right.

Style: jax, wrapped. Needs: jax.
Limits: flushes subnormals, shared error.
"""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


def candidate(x):
    dtype, x = x.dtype, x.astype(np.float64)
    return np.asarray(jax.scipy.special.erfc(x)).astype(dtype)
