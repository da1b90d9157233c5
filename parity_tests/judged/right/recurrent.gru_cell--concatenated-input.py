"""recurrent.gru_cell: right.

Style: both gates from one product with the concatenated input. Needs: scipy.
Limits: refuses, shared error.
"""

import numpy as np
from scipy.special import expit


def candidate(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    n = h.shape[1]
    zero = np.zeros(3 * n, x.dtype)
    bi, bh = (zero if b is None else b for b in (b_ih, b_hh))
    both = np.concatenate([x, h], axis=1)
    w = np.concatenate([w_ih[: 2 * n], w_hh[: 2 * n]], axis=1)
    r, z = np.split(expit(both @ w.T + bi[: 2 * n] + bh[: 2 * n]), 2, axis=1)
    new = np.tanh(x @ w_ih[2 * n :].T + bi[2 * n :] + r * (h @ w_hh[2 * n :].T + bh[2 * n :]))
    return (new + z * (h - new)).astype(x.dtype)
