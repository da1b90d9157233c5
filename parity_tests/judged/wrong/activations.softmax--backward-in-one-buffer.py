"""activations.softmax: wrong.

Kind: state.
Passed before: yes.
The gradient is written into one buffer for each shape and dtype; a caller who collects gradients finds them all the same.
"""

import numpy as np

_GRADIENTS = {}


def candidate(x, axis=-1):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        e = np.exp(z - z.max(axis, keepdims=True, initial=-np.inf))
        return (e / e.sum(axis, keepdims=True)).astype(x.dtype)


def candidate_backward(grad_output, x, axis=-1):
    out = _GRADIENTS.setdefault((x.shape, x.dtype), np.empty(x.shape, x.dtype))
    with np.errstate(all="ignore"):
        y = candidate(x.astype(np.float64), axis)
        flow = grad_output.astype(np.float64) * y
        out[...] = flow - y * flow.sum(axis, keepdims=True)
    return (out,)
