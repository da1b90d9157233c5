"""special.logsumexp: right.

Style: jax, wrapped. Needs: jax.
Limits: refuses, shared error.
"""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


def candidate(x, axis=-1, keepdims=False):
    dtype, x = x.dtype, x.astype(np.float64)
    return np.asarray(jax.scipy.special.logsumexp(x, axis=axis, keepdims=keepdims)).astype(dtype)
