"""reductions.var: right.

Style: jnp.var in float64. Needs: jax.
Limits: extreme range, ill-conditioned here, refuses, shared error.
"""

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def candidate(x, axis=None, correction=1, keepdims=False):
    z = jnp.asarray(x.astype(np.float64))
    d = z - jnp.mean(z, axis=axis, keepdims=True)
    n = z.size // max(jnp.sum(z, axis=axis).size, 1)
    y = jnp.sum(d * d, axis=axis, keepdims=keepdims) / jnp.float64(max(n - correction, 0))
    return np.asarray(y).astype(x.dtype)
