"""augmentation.random_crop: right.

Style: two rng.integers calls for each image. Needs: numpy.
"""

import numpy as np


def candidate(image, size, rng, layout="NCHW"):
    height, width = size if isinstance(size, tuple) else (size, size)
    x = image if layout == "NCHW" else np.moveaxis(image, -1, -3)
    out = np.empty((*x.shape[:-2], height, width), x.dtype)
    for place in np.ndindex(x.shape[:-3]):
        top = rng.integers(x.shape[-2] - height + 1)
        left = rng.integers(x.shape[-1] - width + 1)
        out[place] = x[place][:, top : top + height, left : left + width]
    return out if layout == "NCHW" else np.moveaxis(out, -3, -1)
