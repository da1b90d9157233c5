"""A step of an optimizer, taken once after the other."""

from __future__ import annotations

import numpy as np


def trajectory(step, param, gradients, state=None):
    """The parameter after every step, stacked; and whether a step returned memory of its inputs.

    A step is `step(param, grad, state) -> (param, state)`: the parameter and the gradient are arrays of one shape (also of
    shape (), never numbers), the state is at first `state` and then what the step before returned, as it is.  Each step gets a
    copy of the parameter that the one before returned.
    """
    path, shared = [], False
    for i in range(len(gradients)):
        grad = gradients[i, ...]
        found, state = _pair(step(param, grad, state))
        shared = shared or np.shares_memory(found, param) or np.shares_memory(found, grad)
        path.append(found.copy())  # it may be a part of the state, which the next step changes
        param = found.copy()
        param.flags.writeable = gradients.flags.writeable
    return (np.stack(path) if path else np.zeros((0, *param.shape), param.dtype)), shared


def _pair(found):
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        raise ValueError(f"the step returned {type(found).__name__}; a pair (param, state) is expected")
    return np.asarray(found[0]), found[1]
