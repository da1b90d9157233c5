"""reductions.cov: right.

Style: the product of centred rows in float64. Needs: numpy.
Limits: convention, extreme range, shared error.
"""

import numpy as np


def _centred(x):
    z = np.atleast_2d(x.astype(np.float64))
    return z - z.mean(axis=1, keepdims=True)


def candidate(x, correction=1):
    d = _centred(x)
    with np.errstate(all="ignore"):
        y = d @ d.T / np.float64(max(d.shape[1] - correction, 0))
    return np.asarray(y if len(y) > 1 else y[0, 0]).astype(x.dtype)


def candidate_backward(grad_output, x, correction=1):
    d = _centred(x)
    g = np.asarray(grad_output, np.float64).reshape(len(d), len(d))
    with np.errstate(all="ignore"):
        dx = (g + g.T) @ d / np.float64(max(d.shape[1] - correction, 0))
    return (dx.reshape(x.shape).astype(x.dtype),)
