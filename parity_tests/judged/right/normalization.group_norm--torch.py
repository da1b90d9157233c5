"""normalization.group_norm: right.

Style: torch itself, with autograd. Needs: torch.
Limits: convention, refuses, shared error.
"""

import torch
import torch.nn.functional as F


def _t(v, grad=False):
    return None if v is None else torch.tensor(v, requires_grad=grad)


def candidate(x, num_groups, weight=None, bias=None, eps=1e-5):
    return F.group_norm(_t(x), num_groups, _t(weight), _t(bias), eps).numpy()


def candidate_backward(grad_output, x, num_groups, weight=None, bias=None, eps=1e-5):
    a, w, b = _t(x, True), _t(weight, True), _t(bias, True)
    F.group_norm(a, num_groups, w, b, eps).backward(torch.tensor(grad_output))
    return tuple(None if v is None else v.grad.numpy() for v in (a, w, b))
