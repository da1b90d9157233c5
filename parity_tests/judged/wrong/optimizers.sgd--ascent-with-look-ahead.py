"""With nesterov the step looks ahead along the gradient as it came, also where maximize has turned it round.

Kind: options. Passed before: yes.
"""

import numpy as np


def candidate(
    param, grad, state=None, *, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False
):
    dtype = param.dtype
    with np.errstate(all="ignore"):
        p = param.astype(np.longdouble) if state is None else state["p"]
        g = grad.astype(np.longdouble)
        d = -g if maximize else g
        decay = np.longdouble(weight_decay) * p if weight_decay else 0
        d = d + decay
        velocity = None if state is None else state["velocity"]
        if momentum:
            velocity = d if velocity is None else np.longdouble(momentum) * velocity + (1 - np.longdouble(dampening)) * d
            if nesterov:
                ahead = g + decay
                d = ahead + np.longdouble(momentum) * velocity
            else:
                d = velocity
        p = p - np.longdouble(lr) * d
        return p.astype(dtype), {"p": p, "velocity": velocity}
