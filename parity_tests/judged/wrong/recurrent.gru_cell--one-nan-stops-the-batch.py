"""If any gate of any sample is not finite, the whole batch keeps its old state.

Kind: mixture. Passed before: no.
"""

import numpy as np


def candidate(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    wide = [None if a is None else a.astype(np.longdouble) for a in (x, h, w_ih, w_hh, b_ih, b_hh)]
    xs, hs, wi, wh, bi, bh = wide
    with np.errstate(all="ignore"):
        gi = xs @ wi.T + (0 if bi is None else bi)
        gh = hs @ wh.T + (0 if bh is None else bh)
        ir, iz, i_new = np.split(gi, 3, axis=-1)
        hr, hz, h_new = np.split(gh, 3, axis=-1)
        r, z = 1 / (1 + np.exp(-(ir + hr))), 1 / (1 + np.exp(-(iz + hz)))
        n = np.tanh(i_new + r * h_new)
        y = (1 - z) * n + z * hs
        if x.ndim > 1 and len(x) > 1 and not np.isfinite(gi).all() and not np.isnan(y).all():
            y = hs
        return y.astype(x.dtype)
