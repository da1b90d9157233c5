"""tensor.one_hot: right.

Style: rows of an identity matrix. Needs: numpy.
"""

import numpy as np


def candidate(indices, num_classes=-1):
    classes = int(indices.max()) + 1 if num_classes == -1 else num_classes
    return np.eye(classes, dtype=np.int64)[indices]
