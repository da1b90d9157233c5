"""JAX's functions whose options are not the op's."""

from __future__ import annotations

import jax


def gelu(x, approximate="none"):
    return jax.nn.gelu(x, approximate=approximate == "tanh")


def logsumexp(x, axis=None, keepdims=False):
    return jax.scipy.special.logsumexp(x, axis=axis, keepdims=keepdims)


for _f in (gelu, logsumexp):
    _f.__annotations__ = {"x": jax.Array}
