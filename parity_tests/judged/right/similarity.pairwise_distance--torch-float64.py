"""similarity.pairwise_distance: right.

Style: torch.nn.functional in float64, to NumPy and back, with autograd. Needs: torch.
Limits: convention, shared error.
"""

import torch
import torch.nn.functional as F


def _wide(array):
    return torch.tensor(array.astype("float64"), requires_grad=True)


def candidate(x1, x2, p=2.0, eps=1e-6, keepdims=False):
    return F.pairwise_distance(_wide(x1), _wide(x2), p, eps, keepdims).detach().numpy().astype(x1.dtype)


def candidate_backward(grad_output, x1, x2, p=2.0, eps=1e-6, keepdims=False):
    a, b = _wide(x1), _wide(x2)
    if p == 0:  # a count: torch gives no gradient
        return x1 * x1.dtype.type(0), x2 * x2.dtype.type(0)
    F.pairwise_distance(a, b, p, eps, keepdims).backward(torch.tensor(grad_output.astype("float64")))
    return a.grad.numpy().astype(x1.dtype), b.grad.numpy().astype(x2.dtype)
