"""similarity.cdist: right.

Style: scipy.spatial.distance.cdist. Needs: scipy.
Limits: convention, refuses, shared error.
"""

import numpy as np
from scipy.spatial.distance import cdist


def candidate(x1, x2, p=2.0):
    def one(a, b):
        a, b = a.astype(np.float64), b.astype(np.float64)
        if p == np.inf:
            return cdist(a, b, "chebyshev")
        if p == 0:
            return np.array([[np.count_nonzero(u - v) for v in b] for u in a], float)
        return cdist(a, b, "euclidean") if p == 2 else cdist(a, b, "minkowski", p=p)

    if x1.ndim == 2:
        return one(x1, x2).astype(x1.dtype)
    return np.stack([one(a, b) for a, b in zip(x1, x2, strict=False)]).astype(x1.dtype)
