"""tensor.stack: wrong.

Kind: structure.
Passed before: yes.
A kernel copies at most four arrays at a time, as GPU kernels do whose arguments are few; the offset of the next four is not
moved on, and the last places stay zero.
"""

import numpy as np

BATCH = 4


def candidate(arrays, axis=0):
    first = arrays[0]
    out = np.zeros((len(arrays), *first.shape), first.dtype)
    for start in range(0, len(arrays), BATCH):
        for k, a in enumerate(arrays[start : start + BATCH]):
            out[k] = a
    return np.array(np.moveaxis(out, 0, axis), order="C")
