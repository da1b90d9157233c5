"""linear.matmul: wrong.

huggingface/candle#3744: a batch axis of stride 0 on the left is folded into the columns of one product; all but the
first part of the result stays 0.
"""

import numpy as np


def candidate(x, other):
    dtype = np.result_type(x, other)
    with np.errstate(all="ignore"):
        y = np.asarray(np.matmul(x.astype(np.float64), other.astype(np.float64)))
    if x.ndim > 2 and x.strides[0] == 0 and x.shape[0] > 1:
        y[1:] = 0
    return y.astype(dtype)
