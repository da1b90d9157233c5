"""convolution.conv2d: right.

Style: torch itself, with autograd. Needs: torch.
Limits: convention, refuses, shared error.
"""

import torch
import torch.nn.functional as F


def _t(v, grad=False):
    return None if v is None else torch.tensor(v, requires_grad=grad)


def candidate(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(_t(x), _t(weight), _t(bias), stride, padding, dilation, groups).numpy()


def candidate_backward(grad_output, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    a, w, b = _t(x, True), _t(weight, True), _t(bias, True)
    F.conv2d(a, w, b, stride, padding, dilation, groups).backward(torch.tensor(grad_output))
    return tuple(None if v is None else v.grad.numpy() for v in (a, w, b))
