"""reductions.cumsum: wrong.

Kind: state.
Passed before: yes.
Running sums are written into the front of one scratch buffer that grows with the longest input; small results are views of it.
"""

import numpy as np

_SCRATCH = {}


def candidate(x, axis=-1):
    if x.ndim == 0:
        return x.copy()
    scratch = _SCRATCH.get(x.dtype)
    if scratch is None or scratch.size < x.size:
        scratch = _SCRATCH[x.dtype] = np.empty(max(2 * x.size, 64), x.dtype)
    out = scratch[: x.size].reshape(x.shape)
    with np.errstate(all="ignore"):
        out[...] = np.cumsum(x.astype(np.float64), axis)
    return out
