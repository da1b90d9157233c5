"""linear.linear: right.

Style: x @ w.T; the bias is taken as frozen, without a gradient. Needs: numpy.
Limits: absent gradient, extreme range, refuses.
"""

import numpy as np


def candidate(x, weight, bias=None):
    y = np.matmul(x.astype(np.float64), weight.astype(np.float64).T)
    return (y if bias is None else y + bias).astype(x.dtype)


def candidate_backward(grad_output, x, weight, bias=None):
    g, z = grad_output.astype(np.float64), x.astype(np.float64)
    dx = np.matmul(g, weight.astype(np.float64))
    rows = g.reshape(-1, g.shape[-1])
    dw = rows.T @ z.reshape(-1, z.shape[-1])
    return dx.astype(x.dtype), dw.astype(weight.dtype), None
