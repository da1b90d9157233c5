"""sampling.gumbel_softmax: right.

Style: row by row in Python, noise from the exponential generator. Needs: numpy.
Limits: convention, extreme range, refuses.
"""

import math

import numpy as np


def candidate(logits, rng, tau=1.0, hard=False, axis=-1):
    noise = -np.log(rng.standard_exponential(logits.shape))
    z = np.moveaxis((logits + noise) / tau, axis, -1)
    flat = z.reshape(-1, z.shape[-1])
    out = np.zeros_like(flat)
    for row, y in zip(flat.tolist(), out, strict=False):
        top = max(row)
        if hard:
            y[row.index(top)] = 1.0
        else:
            e = [math.exp(v - top) for v in row]
            y[:] = np.array(e) / math.fsum(e)
    return np.moveaxis(out.reshape(z.shape), -1, axis).astype(logits.dtype)
