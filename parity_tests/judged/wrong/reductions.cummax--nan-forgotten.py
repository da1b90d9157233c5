"""reductions.cummax: wrong.

ml-explore/mlx#4044, flagos-ai/FlagGems#758: a running maximum by plain comparison keeps a nan at its own place and forgets it.
"""

import numpy as np


def candidate(x, axis):
    z = np.moveaxis(x, axis, 0) if x.ndim else x[None]
    y, j = np.empty_like(z), np.zeros(z.shape, np.int64)
    if len(z):
        best, at = z[0].copy(), np.zeros(z.shape[1:], np.int64)
        for k in range(len(z)):
            newer = (z[k] > best) | np.isnan(best)
            best, at = np.where(newer, z[k], best), np.where(newer, k, at)
            y[k], j[k] = np.where(np.isnan(z[k]), z[k], best), np.where(np.isnan(z[k]), k, at)
    return (np.moveaxis(y, 0, axis), np.moveaxis(j, 0, axis)) if x.ndim else (y[0], j[0])
