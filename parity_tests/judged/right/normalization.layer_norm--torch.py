"""normalization.layer_norm: right.

Style: torch itself, with autograd. Needs: torch.
Limits: convention, refuses, shared error.
"""

import torch
import torch.nn.functional as F


def _t(v, grad=False):
    return None if v is None else torch.tensor(v, requires_grad=grad)


def candidate(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    return F.layer_norm(_t(x), tuple(normalized_shape), _t(weight), _t(bias), eps).numpy()


def candidate_backward(grad_output, x, normalized_shape, weight=None, bias=None, eps=1e-5):
    a, w, b = _t(x, True), _t(weight, True), _t(bias, True)
    F.layer_norm(a, tuple(normalized_shape), w, b, eps).backward(torch.tensor(grad_output))
    return tuple(None if v is None else v.grad.numpy() for v in (a, w, b))
