"""optimizers.sgd: right.

Style: numpy, the parameter and the velocity in float64 as state. Needs: numpy.
"""

import numpy as np


def candidate(
    param, grad, state=None, *, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False
):
    p, velocity = (param.astype(np.float64), None) if state is None else state
    g = -grad.astype(np.float64) if maximize else grad.astype(np.float64)
    if weight_decay != 0:
        g = g + weight_decay * p
    if momentum != 0:
        velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
        g = g + momentum * velocity if nesterov else velocity
    p = p - lr * g
    return np.asarray(p).astype(param.dtype), (p, velocity)
