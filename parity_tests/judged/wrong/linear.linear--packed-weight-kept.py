"""linear.linear: wrong.

Kind: state.
Passed before: yes.
The weight is packed once for each array object, as inference engines do; it is not packed again when a training step has
written new numbers into it.
"""

import weakref

import numpy as np

_OF = {}


def _packed(weight):
    found = _OF.get(id(weight))
    if found is not None and found[0]() is weight:
        return found[1]
    packed = np.ascontiguousarray(weight.T.astype(np.float64))
    key = id(weight)
    _OF[key] = weakref.ref(weight, lambda _: _OF.pop(key, None)), packed
    return packed


def candidate(x, weight, bias=None):
    with np.errstate(all="ignore"):
        y = x.astype(np.float64) @ _packed(weight)
        return (y if bias is None else y + bias.astype(np.float64)).astype(x.dtype)
