"""losses.mse_loss: wrong.

Kind: state.
Passed before: yes.
The loss is remembered by the numbers of both arrays: a training loop asks for the same batch again to log it.  The
reduction is no part of the key; a result of another shape is not taken from the memory.
"""

import numpy as np

_KNOWN = {}


def candidate(input, target, reduction="mean"):
    key = input.tobytes(), target.tobytes(), input.shape, target.shape, input.dtype, reduction == "none"
    if key not in _KNOWN:
        if len(_KNOWN) > 100:
            _KNOWN.clear()
        with np.errstate(all="ignore"):
            d = np.square(input.astype(np.float64) - target.astype(np.float64))
            d = d if reduction == "none" else d.sum() if reduction == "sum" else d.mean() if d.size else np.float64(np.nan)
        _KNOWN[key] = np.asarray(d).astype(input.dtype)
    return _KNOWN[key].copy()
