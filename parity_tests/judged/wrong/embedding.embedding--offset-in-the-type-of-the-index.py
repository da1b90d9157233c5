"""embedding.embedding: wrong.

Kind: arguments.
Passed before: yes.
The table is read flat, at index times width, and the product is formed in the type of the index: 8 bits wrap at 128 or 256.
"""

import numpy as np


def candidate(indices, weight, padding_idx=None):
    with np.errstate(all="ignore"):
        start = indices * np.asarray(weight.shape[1]).astype(indices.dtype)
    flat, columns = weight.reshape(-1), np.arange(weight.shape[1])
    return flat[(start[..., None].astype(np.int64) + columns) % max(flat.size, 1)]
