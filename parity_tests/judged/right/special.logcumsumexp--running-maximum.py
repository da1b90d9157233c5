"""special.logcumsumexp: right.

Style: a loop along the axis: the maximum so far and the sum of the others. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def candidate(x, axis=-1):
    z = np.moveaxis(x, axis, 0).astype(np.float64)
    out = np.empty_like(z)
    top, rest = np.full(z.shape[1:], -np.inf), np.zeros(z.shape[1:])
    with np.errstate(invalid="ignore"):
        for k, v in enumerate(z):
            high, low = np.maximum(top, v), np.minimum(top, v)
            step = np.where(high == low, 1.0, np.exp(low - high))
            new = np.where(v > top, (1 + rest) * step, rest + step)
            rest = np.where(np.isneginf(low), np.where(v > top, 0.0, rest), new)
            top = high
            out[k] = np.where(np.isinf(top), top, top + np.log1p(rest))
    return np.moveaxis(out, 0, axis).astype(x.dtype)
