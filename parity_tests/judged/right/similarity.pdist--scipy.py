"""similarity.pdist: right.

Style: scipy.spatial.distance.pdist. Needs: scipy.
Limits: convention, shared error.
"""

import numpy as np
from scipy.spatial.distance import pdist


def candidate(x, p=2.0):
    z = x.astype(np.float64)
    if p == 0:
        y = np.array([np.count_nonzero(a - b) for i, a in enumerate(z) for b in z[i + 1 :]], np.float64)
    elif p == np.inf:
        y = pdist(z, "chebyshev")
    else:
        y = pdist(z, "euclidean") if p == 2 else pdist(z, "minkowski", p=p)
    return y.astype(x.dtype)
