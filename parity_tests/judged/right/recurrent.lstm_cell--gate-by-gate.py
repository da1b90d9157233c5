"""recurrent.lstm_cell: right.

Style: four small products, scipy.special.expit. Needs: scipy.
Limits: shared error.
"""

import numpy as np
from scipy.special import expit


def candidate(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    z, s, old = (a.astype(np.float64) for a in (x, h, c))
    n = h.shape[-1]
    gates = []
    for k in range(4):
        rows = slice(k * n, (k + 1) * n)
        a = z @ w_ih[rows].astype(np.float64).T + s @ w_hh[rows].astype(np.float64).T
        for b in (b_ih, b_hh):
            a = a if b is None else a + b[rows].astype(np.float64)
        gates.append(a)
    new = expit(gates[1]) * old + expit(gates[0]) * np.tanh(gates[2])
    return (expit(gates[3]) * np.tanh(new)).astype(h.dtype), new.astype(c.dtype)
