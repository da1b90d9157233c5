# turned_wrong.py
import numpy as np


def rope(x, cos, sin):
    x1, x2 = x[..., 0::2], x[..., 1::2]
    return np.stack([x1 * cos - x2 * sin, x2 * cos + x1 * sin], -1).reshape(x.shape)


def rope_backward(grad_output, x, cos, sin):
    x1, x2, g1, g2 = x[..., 0::2], x[..., 1::2], grad_output[..., 0::2], grad_output[..., 1::2]
    return rope(grad_output, cos, sin), g1 * x1 + g2 * x2, g2 * x1 - g1 * x2  # turned on, not back
