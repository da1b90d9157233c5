"""tensor.one_hot: wrong.

Kind: state.
Passed before: yes.
The result is one buffer for each shape, cleared and filled again at every call.
"""

import numpy as np

_BUFFERS = {}


def candidate(indices, num_classes=-1):
    n = int(indices.max()) + 1 if num_classes == -1 else num_classes
    out = _BUFFERS.setdefault((indices.shape, n), np.zeros((*indices.shape, n), np.int64))
    out[...] = 0
    np.put_along_axis(out, indices[..., None], 1, -1)
    return out
