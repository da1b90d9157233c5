"""augmentation.horizontal_flip: right.

Style: reversed-take. Needs: numpy.
Written for x.ndim == 4: right with --where "x.ndim == 4".
"""

import numpy as np


def candidate(image, data_format="NCHW"):
    axis = {"NCHW": 3, "NHWC": 2}[data_format]
    return np.take(image, np.arange(image.shape[axis])[::-1], axis=axis)
