"""pooling.avg_pool2d: right.

Style: jax.lax.reduce_window in float64. Needs: jax.
Written for x.ndim == 4: right with --where "x.ndim == 4".
Limits: flushes subnormals, shared error.
"""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


def _pair(v):
    return tuple(v) if isinstance(v, (tuple, list)) else (v, v)


def candidate(x, kernel_size, stride=None, padding=0, count_include_pad=True, divisor_override=None):
    k, p = _pair(kernel_size), _pair(padding)
    s = k if stride is None else _pair(stride)
    z = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (p[0], p[0]), (p[1], p[1])])

    def total(values):
        return np.asarray(jax.lax.reduce_window(values, 0.0, jax.lax.add, (1, 1, *k), (1, 1, *s), "VALID"))

    if divisor_override is not None:
        count = divisor_override
    elif count_include_pad:
        count = k[0] * k[1]
    else:
        count = total(np.pad(np.ones(x.shape), [(0, 0), (0, 0), (p[0], p[0]), (p[1], p[1])]))
    return (total(z) / count).astype(x.dtype)
