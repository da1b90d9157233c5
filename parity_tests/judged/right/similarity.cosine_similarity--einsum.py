"""similarity.cosine_similarity: right.

Style: dot products of unit vectors by einsum, gradient included. Needs: numpy.
Limits: shared error.
"""

import numpy as np


def _narrow(g, like):
    g = g.sum(axis=tuple(range(g.ndim - like.ndim)))
    kept = tuple(i for i, n in enumerate(like.shape) if n == 1 and g.shape[i] != 1)
    return np.asarray(g.sum(axis=kept, keepdims=True)).astype(like.dtype)


def _parts(x1, x2, axis, eps):
    a, b = np.broadcast_arrays(x1.astype(np.float64), x2.astype(np.float64))
    a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    la, lb = np.sqrt(np.einsum("...i,...i->...", a, a)), np.sqrt(np.einsum("...i,...i->...", b, b))
    return a, b, la, lb, np.maximum(la, eps), np.maximum(lb, eps)


def candidate(x1, x2, axis=1, eps=1e-8):
    with np.errstate(all="ignore"):
        a, b, _, _, na, nb = _parts(x1, x2, axis, eps)
        y = np.einsum("...i,...i->...", a / na[..., None], b / nb[..., None])
    return np.asarray(y).astype(x1.dtype)


def candidate_backward(grad_output, x1, x2, axis=1, eps=1e-8):
    with np.errstate(all="ignore"):
        a, b, la, lb, na, nb = _parts(x1, x2, axis, eps)
        ua, ub = a / na[..., None], b / nb[..., None]
        y = np.einsum("...i,...i->...", ua, ub)[..., None]
        g = grad_output.astype(np.float64)[..., None]
        da = g / na[..., None] * (ub - np.where((la >= eps)[..., None], y * ua, 0.0))
        db = g / nb[..., None] * (ua - np.where((lb >= eps)[..., None], y * ub, 0.0))
    return _narrow(np.moveaxis(da, -1, axis), x1), _narrow(np.moveaxis(db, -1, axis), x2)
