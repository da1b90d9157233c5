"""reductions.quantile: right.

Style: sorted slices, the lower neighbour plus a share of the gap. Needs: numpy.
Limits: refuses.
"""

import numpy as np


def _between(z, q, interpolation):
    rank = q * (z.shape[-1] - 1)
    low = int(np.floor(rank))
    high, share = min(low + 1, z.shape[-1] - 1), rank - low
    if share == 0:
        return z[..., low]
    share = {"lower": 0.0, "higher": 1.0, "midpoint": 0.5, "nearest": float(np.round(rank) - low)}.get(interpolation, share)
    a, b = z[..., low], z[..., high]
    with np.errstate(invalid="ignore"):
        return np.where((a == b) | (share == 0), a, np.where(share == 1, b, (1 - share) * a + share * b))


def candidate(x, q, axis=None, keepdims=False, interpolation="linear"):
    z = x.reshape(-1) if axis is None else np.moveaxis(x, axis, -1)
    z = np.sort(z.astype(np.float64), axis=-1)
    bad = np.isnan(z).any(axis=-1)
    ranks = np.atleast_1d(np.asarray(q, np.float64))
    y = np.stack([np.where(bad, np.nan, _between(z, float(one), interpolation)) for one in ranks])
    if keepdims:
        y = y.reshape((len(ranks),) + (1,) * x.ndim) if axis is None else np.expand_dims(y, axis % x.ndim + 1)
    return np.asarray(y if np.ndim(q) else y[0]).astype(x.dtype)
