"""A softmax with a planted bug, for the README: the maximum is not subtracted."""

import numpy as np


def softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(grad_output, x, axis=-1):
    y = softmax(x, axis)
    return (y * (grad_output - (grad_output * y).sum(axis=axis, keepdims=True)),)
