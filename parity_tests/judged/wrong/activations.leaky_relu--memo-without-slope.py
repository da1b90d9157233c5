"""activations.leaky_relu: wrong.

Kind: state.
Passed before: no.
The mask of slopes is remembered by the bytes of the input, and not by the slope that it holds.
"""

import numpy as np

_SLOPES = {}


def candidate(x, negative_slope=0.01):
    key = x.tobytes(), x.shape, x.dtype
    if key not in _SLOPES:
        if len(_SLOPES) > 256:
            _SLOPES.clear()
        _SLOPES[key] = np.where(x < 0, float(negative_slope), 1.0)
    with np.errstate(all="ignore"):
        return (x.astype(np.float64) * _SLOPES[key]).astype(x.dtype)
