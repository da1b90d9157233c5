"""augmentation.horizontal_flip: right.

Style: a slice of step -1, any number of batch axes, with gradient. Needs: numpy.
"""

import numpy as np


def candidate(image, layout="NCHW"):
    if layout == "NCHW":
        return np.array(image[..., ::-1])
    return np.array(image[..., ::-1, :])


def candidate_backward(grad_output, image, layout="NCHW"):
    return (candidate(grad_output, layout),)
