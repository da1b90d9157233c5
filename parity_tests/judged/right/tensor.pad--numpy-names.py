"""tensor.pad: right.

Style: numpy-names. Needs: numpy.
Limits: refuses.
"""

import numpy as np

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def candidate(x, pad_width, mode="constant", value=0.0):
    extra = {"constant_values": value} if mode == "constant" else {}
    return np.pad(x, pad_width, mode=MODES[mode], **extra)


def candidate_backward(grad_output, x, pad_width, mode="constant", value=0.0):
    where = np.arange(x.size).reshape(x.shape)
    extra = {"constant_values": x.size} if mode == "constant" else {}
    where = np.pad(where, pad_width, mode=MODES[mode], **extra)
    g = np.bincount(where.ravel(), weights=grad_output.astype(np.float64).ravel(), minlength=x.size + 1)
    return (g[: x.size].reshape(x.shape).astype(x.dtype),)
