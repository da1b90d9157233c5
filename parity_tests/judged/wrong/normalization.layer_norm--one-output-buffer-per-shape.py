"""normalization.layer_norm: wrong.

Kind: state.
Passed before: yes.
A workspace is kept for each shape and dtype, and returned: the next call with that shape overwrites the earlier result.
"""

import numpy as np

_WORKSPACE = {}


def candidate(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    axes = tuple(range(x.ndim - len(np.atleast_1d(normalized_shape)), x.ndim))
    key = x.shape, x.dtype
    out = _WORKSPACE.setdefault(key, np.empty(x.shape, x.dtype))
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        centred = wide - wide.mean(axes, keepdims=True)
        y = centred / np.sqrt((centred * centred).mean(axes, keepdims=True) + eps)
        if weight is not None:
            y = y * weight.astype(np.float64)
        if bias is not None:
            y = y + bias.astype(np.float64)
        out[...] = y
    return out
