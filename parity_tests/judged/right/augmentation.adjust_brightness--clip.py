"""augmentation.adjust_brightness: right.

Style: np.clip in float64, gradient by a mask. Needs: numpy.
Limits: convention, shared error.
"""

import numpy as np


def candidate(image, factor):
    return np.asarray(np.clip(image.astype(np.float64) * factor, 0, 1)).astype(image.dtype)


def candidate_backward(grad_output, image, factor):
    y = image.astype(np.float64) * factor
    inside = (y >= 0) & (y <= 1)
    return (np.asarray(grad_output.astype(np.float64) * factor * inside).astype(image.dtype),)
