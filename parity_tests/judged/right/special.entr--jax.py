"""special.entr: right.

Style: jax, wrapped. Needs: jax.
Limits: flushes subnormals.
"""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


def candidate(x):
    dtype, x = x.dtype, x.astype(np.float64)
    return np.asarray(jax.scipy.special.entr(x)).astype(dtype)
