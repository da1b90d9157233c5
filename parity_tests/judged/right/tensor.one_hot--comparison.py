"""tensor.one_hot: right.

Style: comparison with a range. Needs: numpy.
"""

import numpy as np


def candidate(indices, num_classes=-1):
    indices = np.asarray(indices)
    classes = int(indices.max()) + 1 if num_classes == -1 else num_classes
    if indices.size and not 0 <= indices.min() <= indices.max() < classes:
        raise ValueError("an index is out of range")
    return (indices[..., None] == np.arange(classes)).astype(np.int64)
