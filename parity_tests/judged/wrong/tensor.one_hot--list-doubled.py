"""tensor.one_hot: wrong.

Kind: arguments.
Passed before: yes.
Indices are doubled, as places in rows of pairs, before they are made an array: twice a list is the list two times.
"""

import numpy as np


def candidate(indices, num_classes=-1):
    places = np.asarray(2 * indices)
    n = int(np.max(indices)) + 1 if num_classes == -1 else num_classes
    return (places[..., None] == 2 * np.arange(n)).astype(np.int64)
