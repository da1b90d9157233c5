"""The dot product of rows longer than 256 leaves out the last part block of 128; the norms are right.

Kind: length. Passed before: yes.
"""

import numpy as np

BLOCK = 128


def candidate(x1, x2, axis=1, eps=1e-8):
    a, b = np.broadcast_arrays(x1.astype(np.longdouble), x2.astype(np.longdouble))
    a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    n = a.shape[-1]
    used = n // BLOCK * BLOCK if n > 256 else n
    with np.errstate(all="ignore"):
        dot = (a[..., :used] * b[..., :used]).sum(-1)
        na, nb = np.sqrt((a * a).sum(-1)), np.sqrt((b * b).sum(-1))
        y = dot / np.maximum(na, np.longdouble(eps)) / np.maximum(nb, np.longdouble(eps))
        return np.asarray(y).astype(np.result_type(x1, x2))
