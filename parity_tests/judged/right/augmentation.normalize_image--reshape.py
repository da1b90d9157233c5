"""augmentation.normalize_image: right.

Style: the statistics reshaped to the channel axis, gradient included. Needs: numpy.
Limits: convention, shared error.
"""

import numpy as np


def _parts(image, mean, std, layout):
    shape = (-1, 1, 1) if layout == "NCHW" else (-1,)
    m, s = mean.astype(np.float64).reshape(shape), std.astype(np.float64).reshape(shape)
    return image.astype(np.float64) - m, s


def candidate(image, mean, std, layout="NCHW"):
    d, s = _parts(image, mean, std, layout)
    with np.errstate(all="ignore"):
        return (d / s).astype(image.dtype)


def candidate_backward(grad_output, image, mean, std, layout="NCHW"):
    d, s = _parts(image, mean, std, layout)
    channel = image.ndim - 3 if layout == "NCHW" else image.ndim - 1
    others = tuple(a for a in range(image.ndim) if a != channel)
    with np.errstate(all="ignore"):
        g = grad_output.astype(np.float64) / s
        dm, ds = -g.sum(axis=others), -(g * (d / s)).sum(axis=others)
    return g.astype(image.dtype), dm.astype(mean.dtype), ds.astype(std.dtype)
