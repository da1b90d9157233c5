"""augmentation.adjust_brightness_uint8: right.

Style: a table of 256 results. Needs: numpy.
"""

import numpy as np


def candidate(image, factor):
    levels = np.arange(256, dtype=np.float32) * np.float32(factor)
    return np.clip(levels, 0, 255).astype(np.uint8)[image]
