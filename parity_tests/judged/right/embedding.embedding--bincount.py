"""embedding.embedding: right.

Style: fancy indexing forward, a bincount for each column backward. Needs: numpy.
"""

import numpy as np


def candidate(indices, weight, padding_idx=None):
    return np.array(weight[indices])


def candidate_backward(grad_output, indices, weight, padding_idx=None):
    flat = np.asarray(indices).reshape(-1)
    g = grad_output.reshape(len(flat), weight.shape[1]).astype(np.float64)
    if padding_idx is not None:
        g = g[flat != padding_idx % len(weight)]
        flat = flat[flat != padding_idx % len(weight)]
    columns = [np.bincount(flat, g[:, j], minlength=len(weight)) for j in range(weight.shape[1])]
    dw = np.stack(columns, axis=1) if columns else np.zeros(weight.shape)
    return None, dw.astype(weight.dtype)
