"""Once the product is zero it stays zero, whatever comes later: an infinity or a nan behind a zero is not seen.

Kind: place. Passed before: yes.
"""

import numpy as np


def candidate(x, axis):
    z = np.moveaxis(x, axis, 0) if x.ndim else x[None]
    y = np.empty(z.shape, np.longdouble)
    running = np.ones(z.shape[1:], np.longdouble)
    with np.errstate(all="ignore"):
        for k in range(len(z)):
            product = running * z[k].astype(np.longdouble)
            sign = np.where(np.signbit(running) != np.signbit(z[k]), -1.0, 1.0)
            running = np.where(running == 0, np.copysign(np.longdouble(0), sign), product)
            y[k] = running
        y = y.astype(x.dtype)
    return np.moveaxis(y, 0, axis) if x.ndim else y[0]
