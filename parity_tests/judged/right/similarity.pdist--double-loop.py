"""similarity.pdist: right.

Style: a double loop over the pairs, math.dist-like sums. Needs: numpy.
Limits: convention, shared error.
"""

import numpy as np


def candidate(x, p=2.0):
    z = x.astype(np.float64)
    out = []
    for i in range(len(z)):
        for j in range(i + 1, len(z)):
            d = np.abs(z[i] - z[j])
            if p == 0:
                out.append(float(np.count_nonzero(d)))
            elif p == np.inf:
                out.append(d.max(initial=0.0))
            else:
                out.append((d**p).sum() ** (1 / p))
    return np.array(out, np.float64).astype(x.dtype)
