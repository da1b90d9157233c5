"""The product over more than 128 features takes whole tiles of 128; features in the last part tile are not multiplied.

Kind: length. Passed before: no.
"""

import numpy as np

TILE = 128


def candidate(x, weight, bias=None):
    n = x.shape[-1]
    kept = n // TILE * TILE if n > TILE else n
    with np.errstate(all="ignore"):
        y = x[..., :kept].astype(np.longdouble) @ weight[:, :kept].astype(np.longdouble).T
        y = y if bias is None else y + bias.astype(np.longdouble)
        return np.asarray(y).astype(x.dtype)
