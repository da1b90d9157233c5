"""convolution.conv2d: right.

Style: jax, wrapped. Needs: jax.
Limits: convention, extreme range, refuses, shared error.
"""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


def candidate(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    def pair(v):
        return tuple(v) if isinstance(v, (tuple, list)) else (v, v)

    pads = padding.upper() if isinstance(padding, str) else [(p, p) for p in pair(padding)]
    if padding == "same":
        t = [d * (k - 1) for d, k in zip(pair(dilation), weight.shape[2:], strict=False)]
        pads = [(v // 2, v - v // 2) for v in t]
    y = jax.lax.conv_general_dilated(x, weight, pair(stride), pads, rhs_dilation=pair(dilation), feature_group_count=groups)
    return np.asarray(y if bias is None else y + bias[:, None, None])
