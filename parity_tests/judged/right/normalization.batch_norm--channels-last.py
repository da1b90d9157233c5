"""normalization.batch_norm: right.

Style: channels moved last, statistics of a 2-d table. Needs: numpy.
Limits: convention, extreme range, ill-conditioned here, refuses, shared error.
"""

import numpy as np


def candidate(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    z = np.moveaxis(x, 1, -1).astype(np.float64)
    if training:
        rows = z.reshape(-1, x.shape[1])
        mean, var = rows.mean(axis=0), rows.var(axis=0)
        new_mean = running_mean + momentum * (mean - running_mean)
        new_var = running_var + momentum * (rows.var(axis=0, ddof=1) - running_var)
    else:
        mean, var = running_mean.astype(np.float64), running_var.astype(np.float64)
        new_mean, new_var = np.array(running_mean), np.array(running_var)
    scale = (1.0 if weight is None else weight.astype(np.float64)) / np.sqrt(var + eps)
    y = (z - mean) * scale + (0.0 if bias is None else bias)
    return np.moveaxis(y, -1, 1).astype(x.dtype), new_mean.astype(running_mean.dtype), new_var.astype(running_var.dtype)
