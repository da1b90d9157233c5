"""pooling.avg_pool2d: right.

Style: torch itself in float64, to NumPy and back, with autograd. Needs: torch.
Limits: shared error.
"""

import torch
import torch.nn.functional as F


def candidate(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    wide = torch.tensor(x.astype("float64"))
    y = F.avg_pool2d(wide, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return y.numpy().astype(x.dtype)


def candidate_backward(
    grad_output, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    wide = torch.tensor(x.astype("float64"), requires_grad=True)
    y = F.avg_pool2d(wide, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    y.backward(torch.tensor(grad_output.astype("float64")))
    return (wide.grad.numpy().astype(x.dtype),)
