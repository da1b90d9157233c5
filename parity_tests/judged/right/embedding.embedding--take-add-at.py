"""embedding.embedding: right.

Style: np.take forward, np.add.at backward. Needs: numpy.
"""

import numpy as np


def candidate(indices, weight, padding_idx=None):
    return np.take(weight, indices, axis=0)


def candidate_backward(grad_output, indices, weight, padding_idx=None):
    dw = np.zeros(weight.shape)
    np.add.at(dw, indices, grad_output.astype(np.float64))
    if padding_idx is not None:
        dw[padding_idx] = 0
    return None, dw.astype(weight.dtype)
