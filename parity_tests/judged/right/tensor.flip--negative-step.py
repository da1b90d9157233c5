"""tensor.flip: right.

Style: slices of step -1. Needs: numpy.
Limits: refuses.
"""


def candidate(x, axis):
    at = [slice(None)] * x.ndim
    for a in axis if isinstance(axis, tuple) else (axis,):
        at[a] = slice(None, None, -1)
    return x[tuple(at)].copy()
