"""tensor.take_along_axis: wrong.

Kind: arguments.
Passed before: yes.
The place in the flattened array is computed in the type of the indices; 8 or 16 bits do not hold it in a long array.
"""

import numpy as np


def candidate(x, indices, axis=-1):
    if axis is None:
        x, indices, axis = x.reshape(-1), indices.reshape(-1), 0
    a = axis % x.ndim
    shape = [m if d == a else max(m, n) if 0 not in (m, n) else 0 for d, (m, n) in enumerate(zip(indices.shape, x.shape))]
    wide = np.broadcast_to(x, [x.shape[a] if d == a else n for d, n in enumerate(shape)])
    index = np.broadcast_to(indices, shape)
    place = np.zeros(shape, index.dtype)
    step = 1
    for d in reversed(range(wide.ndim)):
        at = index if d == a else np.arange(wide.shape[d]).reshape([-1 if k == d else 1 for k in range(wide.ndim)])
        place = place + (at * step).astype(index.dtype)
        step *= wide.shape[d]
    return np.ascontiguousarray(wide).reshape(-1)[place.astype(np.int64) % max(wide.size, 1)]
