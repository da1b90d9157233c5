"""tensor.flip: right.

Style: torch.flip, to NumPy and back. Needs: torch.
"""

import numpy as np
import torch


def candidate(x, axis=None):
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return torch.flip(torch.tensor(x.astype(np.float64)), axes).numpy().astype(x.dtype)


def candidate_backward(grad_output, x, axis=None):
    return (candidate(grad_output, axis),)
