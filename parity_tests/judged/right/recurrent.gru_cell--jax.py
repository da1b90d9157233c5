"""recurrent.gru_cell: right.

Style: jax.numpy and jax.nn.sigmoid in float64. Needs: jax.
Written for x.ndim == 2: right with --where "x.ndim == 2".
Limits: flushes subnormals, shared error.
"""

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def _wide(a, n):
    return jnp.zeros(n) if a is None else jnp.asarray(a.astype(np.float64))


def candidate(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    z, state, wi, wh, bi, bh = (_wide(a, len(w_ih)) for a in (x, h, w_ih, w_hh, b_ih, b_hh))
    p, q = jnp.split(z @ wi.T + bi, 3, axis=1), jnp.split(state @ wh.T + bh, 3, axis=1)
    reset, update = jax.nn.sigmoid(p[0] + q[0]), jax.nn.sigmoid(p[1] + q[1])
    keep = jax.nn.sigmoid(-p[1] - q[1])
    return np.asarray(keep * jnp.tanh(p[2] + reset * q[2]) + update * state).astype(h.dtype)
