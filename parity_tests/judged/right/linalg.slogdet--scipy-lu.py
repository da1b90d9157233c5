"""linalg.slogdet: right.

Style: scipy.linalg.lu_factor. Needs: scipy.
Limits: refuses.
"""

import numpy as np
from scipy.linalg import lu_factor


def candidate(x):
    sign, logabs = np.empty(x.shape[:-2]), np.empty(x.shape[:-2])
    for at in np.ndindex(x.shape[:-2]):
        import warnings

        with warnings.catch_warnings(), np.errstate(divide="ignore"):
            warnings.simplefilter("ignore")
            lu, piv = lu_factor(x[at].astype(np.float64))
            d = np.diag(lu)
            sign[at] = np.prod(np.sign(d)) * (-1) ** np.count_nonzero(piv != np.arange(len(piv)))
            logabs[at] = np.log(np.abs(d)).sum()
    return np.asarray(sign, x.dtype), np.asarray(logabs, x.dtype)
