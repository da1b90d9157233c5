"""sampling.categorical: right.

Style: rng.choice, row by row. Needs: numpy.
"""

import numpy as np


def candidate(logits, rng, size=None):
    shape = () if size is None else size if isinstance(size, tuple) else (size,)
    z = logits.astype(np.float64)
    out = np.empty(shape + z.shape[:-1], np.int64)
    for row in np.ndindex(z.shape[:-1]):
        p = np.exp(z[row] - z[row].max())
        out[(..., *row)] = rng.choice(len(p), size=shape, p=p / p.sum())
    return out
