"""linear.matmul: right.

Style: jax.numpy in float64, gradients by jax.vjp. Needs: jax.
Limits: extreme range, flushes subnormals.
"""

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def candidate(x, other):
    return np.asarray(jnp.matmul(x.astype(np.float64), other.astype(np.float64))).astype(x.dtype)


def candidate_backward(grad_output, x, other):
    _, pull = jax.vjp(jnp.matmul, x.astype(np.float64), other.astype(np.float64))
    return tuple(np.asarray(g).astype(x.dtype) for g in pull(jnp.asarray(grad_output.astype(np.float64))))
