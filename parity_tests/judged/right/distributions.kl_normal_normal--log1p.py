"""distributions.kl_normal_normal: right.

Style: squares of the relative differences and d - log1p(d). Needs: numpy.
Limits: extreme range, shared error.
"""

import numpy as np


def candidate(p_loc, p_scale, q_loc, q_scale):
    m, s, n, t = (a.astype(np.float64) for a in (p_loc, p_scale, q_loc, q_scale))
    with np.errstate(all="ignore"):
        d, shift = (s - t) / t, (m - n) / t
        rest = np.where(np.abs(d) < 0.5, d - np.log1p(d), (s - t) / t - np.log(s / t))
        y = 0.5 * d * d + rest + 0.5 * shift * shift
    return np.asarray(y).astype(p_loc.dtype)
