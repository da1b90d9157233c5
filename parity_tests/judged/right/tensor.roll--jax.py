"""tensor.roll: right.

Style: jnp.roll on the bits of float64. Needs: jax.
"""

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def candidate(x, shift, axis=None):
    return np.asarray(jnp.roll(x.astype(np.float64), shift, axis)).astype(x.dtype)
