"""activations.hardshrink: right.

Style: multiplication by a mask. Needs: numpy.
Limits: convention.
"""

import numpy as np


def _kept(x, lambd):
    return ~(np.abs(x.astype(np.float64)) <= lambd) if lambd >= 0 else np.ones(x.shape, bool)


def candidate(x, lambd=0.5):
    return np.where(_kept(x, lambd), x, np.zeros((), x.dtype))


def candidate_backward(grad_output, x, lambd=0.5):
    return (np.where(_kept(x, lambd), grad_output, np.zeros((), x.dtype)),)
