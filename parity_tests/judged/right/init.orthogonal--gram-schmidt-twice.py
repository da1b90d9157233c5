"""init.orthogonal: right.

Style: Gram-Schmidt with reorthogonalisation, column by column. Needs: numpy.
"""

import math

import numpy as np


def candidate(shape, rng, gain=1.0, dtype=np.float64):
    a = rng.standard_normal((shape[0], math.prod(shape[1:])))
    wide = a.shape[0] < a.shape[1]
    q = a.T.copy() if wide else a.copy()
    for k in range(q.shape[1]):
        for _ in range(2):
            q[:, k] -= q[:, :k] @ (q[:, :k].T @ q[:, k])
        q[:, k] /= np.linalg.norm(q[:, k])
    return (gain * (q.T if wide else q)).reshape(shape).astype(dtype)
