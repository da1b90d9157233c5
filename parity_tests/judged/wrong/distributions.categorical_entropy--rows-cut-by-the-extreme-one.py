"""Beside a logit beyond 10,000 all are clipped to within 700 of the largest of the batch: the other rows become flat.

Kind: mixture. Passed before: yes.
"""

import numpy as np


def candidate(logits):
    z = logits.astype(np.longdouble)
    with np.errstate(all="ignore"):
        most = np.where(np.isfinite(z), z, -np.inf).max(initial=-np.inf)
        if most > 1e4:
            z = np.where(z < most - 700, most - 700, z)
        top = z.max(-1, keepdims=True)
        gap = z - top
        e = np.exp(gap)
        total = e.sum(-1, keepdims=True)
        rest = np.where(e == 0, 0, e * gap).sum(-1, keepdims=True)
        y = np.log(total) - rest / total
        return y[..., 0].astype(logits.dtype)
