"""activations.log_softmax: right.

Style: log1p of the sum of the other exponentials, in float64. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def candidate(x, axis=-1):
    """The maximum is taken out of the sum, so that log1p sees the small remainder."""
    if x.size == 0:
        return x.copy()
    z = np.moveaxis(x.astype(np.float64), axis, -1)
    at = np.expand_dims(np.argmax(z, axis=-1), -1)
    z = z - np.take_along_axis(z, at, -1)
    e = np.exp(z)
    np.put_along_axis(e, at, np.where(np.isnan(np.take_along_axis(z, at, -1)), np.nan, 0.0), -1)
    return np.moveaxis(z - np.log1p(e.sum(axis=-1, keepdims=True)), -1, axis).astype(x.dtype)


def candidate_backward(grad_output, x, axis=-1):
    g = grad_output.astype(np.float64)
    p = np.exp(candidate(x.astype(np.float64), axis=axis))
    return ((g - p * g.sum(axis=axis, keepdims=True)).astype(x.dtype),)
