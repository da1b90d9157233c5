"""tensor.concatenate: wrong.

Kind: structure.
Passed before: yes.
Of a single array there is nothing to join, so that it is handed through: who writes into the result changes the input.
"""

import numpy as np


def candidate(arrays, axis=0):
    if axis is None:
        arrays, axis = [a.ravel() for a in arrays], 0
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis)
