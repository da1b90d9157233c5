"""tensor.moveaxis: right.

Style: a permutation built by hand and np.transpose. Needs: numpy.
"""

import numpy as np


def _order(ndim, source, destination):
    source = [s % ndim for s in (source if isinstance(source, tuple) else (source,))]
    destination = [d % ndim for d in (destination if isinstance(destination, tuple) else (destination,))]
    order = [a for a in range(ndim) if a not in source]
    for d, s in sorted(zip(destination, source, strict=True)):
        order.insert(d, s)
    return order


def candidate(x, source, destination):
    return np.transpose(x, _order(x.ndim, source, destination)).copy()


def candidate_backward(grad_output, x, source, destination):
    return (np.transpose(grad_output, np.argsort(_order(x.ndim, source, destination))).copy(),)
