"""distributions.categorical_log_prob: wrong.

Kind: arguments.
Passed before: yes.
The value is counted from the end, as minus the number of those that follow: in unsigned types that wraps to a huge index, which
is clipped to the last category.
"""

import numpy as np
from scipy.special import logsumexp


def candidate(value, logits):
    z = logits.astype(np.float64)
    with np.errstate(all="ignore"):
        y = z - logsumexp(z, -1, keepdims=True)
    n = y.shape[-1]
    from_the_end = value - value.dtype.type(n)
    at = np.where(from_the_end < 0, from_the_end + np.int64(n), n - 1).astype(np.int64)
    shape = np.broadcast_shapes(value.shape, y.shape[:-1])
    y = np.broadcast_to(y, (*shape, n))
    return np.take_along_axis(y, np.broadcast_to(at, shape)[..., None], -1)[..., 0].astype(logits.dtype)
