"""activations.leaky_relu: wrong.

kind: forward
wrong: np.maximum(x, a*x): wrong for negative_slope>1 or negative slopes.
visible at: negative_slope above 1 or negative
trigger: C(x=f4([-1., 2.]), negative_slope=2.0)
source: folklore
"""

import numpy as np


def candidate(x, negative_slope=0.01):
    work = x.astype(np.float32) if x.dtype == np.float16 else x
    return np.maximum(work, work * negative_slope).astype(x.dtype)
