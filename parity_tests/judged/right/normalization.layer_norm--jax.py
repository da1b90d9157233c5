"""normalization.layer_norm: right.

Style: jax.numpy in float64, gradients by jax.vjp. Needs: jax.
Limits: convention, extreme range, flushes subnormals, shared error.
"""

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def _norm(x, weight, bias, axes, eps):
    d = x - jnp.mean(x, axis=axes, keepdims=True)
    y = d / jnp.sqrt(jnp.mean(d * d, axis=axes, keepdims=True) + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _wide(*arrays):
    return tuple(None if a is None else jnp.asarray(a.astype(np.float64)) for a in arrays)


def candidate(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    axes = tuple(range(-len(normalized_shape), 0))
    return np.asarray(_norm(*_wide(x, weight, bias), axes, eps)).astype(x.dtype)


def candidate_backward(grad_output, x, normalized_shape, weight=None, bias=None, eps=1e-5):
    axes = tuple(range(-len(normalized_shape), 0))
    _, pull = jax.vjp(lambda *arrays: _norm(*arrays, axes, eps), *_wide(x, weight, bias))
    return tuple(None if g is None else np.asarray(g).astype(x.dtype) for g in pull(*_wide(grad_output)))
