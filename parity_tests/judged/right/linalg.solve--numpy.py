"""linalg.solve: right.

Style: np.linalg.solve in float64 with one step of refinement, the gradient by the transposed system. Needs: numpy.
Limits: extreme range.
"""

import numpy as np


def _solve(a, b):
    x = np.linalg.solve(a, b)
    return x + np.linalg.solve(a, b - a @ x)


def _narrow(g, like):
    g = g.sum(axis=tuple(range(g.ndim - like.ndim)))
    kept = tuple(i for i, n in enumerate(like.shape) if n == 1 and g.shape[i] != 1)
    return np.asarray(g.sum(axis=kept, keepdims=True)).astype(like.dtype)


def candidate(a, b):
    vector = b.ndim == 1 or b.shape == a.shape[:-1]
    wide = b.astype(np.float64)[..., None] if vector else b.astype(np.float64)
    x = _solve(a.astype(np.float64), wide)
    return (x[..., 0] if vector else x).astype(b.dtype)


def candidate_backward(grad_output, a, b):
    vector = b.ndim == 1 or b.shape == a.shape[:-1]
    g = grad_output.astype(np.float64)[..., None] if vector else grad_output.astype(np.float64)
    wide = b.astype(np.float64)[..., None] if vector else b.astype(np.float64)
    matrix = a.astype(np.float64)
    x = _solve(matrix, wide)
    db = _solve(np.swapaxes(matrix, -1, -2), g)
    da = -db @ np.swapaxes(x, -1, -2)
    return _narrow(da, a), _narrow(db[..., 0] if vector else db, b)
