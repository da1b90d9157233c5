"""losses.huber_loss: right.

Style: torch.nn.functional in float64, to NumPy and back, with autograd. Needs: torch.
Limits: shared error.
"""

import torch
import torch.nn.functional as F


def _wide(array):
    return None if array is None else torch.tensor(array.astype("float64"), requires_grad=True)


def _loss(tensors, reduction, delta):
    x, target, weight = tensors
    return F.huber_loss(x, target, reduction=reduction, delta=delta, weight=weight)


def candidate(x, target, weight=None, reduction="mean", delta=1.0):
    tensors = [_wide(a) for a in (x, target, weight)]
    return _loss(tensors, reduction, delta).detach().numpy().astype(x.dtype)


def candidate_backward(grad_output, x, target, weight=None, reduction="mean", delta=1.0):
    tensors = [_wide(a) for a in (x, target, weight)]
    given = [t for t in tensors if t is not None]
    y = _loss(tensors, reduction, delta)
    grads = torch.autograd.grad(y, given, torch.tensor(grad_output.astype("float64")), allow_unused=True)
    return tuple(None if g is None else g.numpy().astype(x.dtype) for g in grads)
