"""linear.linear: right.

Style: einsum in float64, forward and backward. Needs: numpy.
Limits: refuses, shared error.
"""

import numpy as np


def candidate(x, weight, bias=None):
    y = np.einsum("...i,oi->...o", x.astype(np.float64), weight.astype(np.float64))
    return (y if bias is None else y + bias.astype(np.float64)).astype(x.dtype)


def candidate_backward(grad_output, x, weight, bias=None):
    g, z, w = (a.astype(np.float64) for a in (grad_output, x, weight))
    dx = np.einsum("...o,oi->...i", g, w).astype(x.dtype)
    dw = np.einsum("no,ni->oi", g.reshape(-1, len(w)), z.reshape(-1, w.shape[1])).astype(weight.dtype)
    return dx, dw, None if bias is None else np.einsum("no->o", g.reshape(-1, len(w))).astype(bias.dtype)
