"""pooling.max_pool2d: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: refuses.
"""

import torch
import torch.nn.functional as F


def candidate(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    options = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    y, at = F.max_pool2d(torch.tensor(x.astype("float64")), kernel_size, **options, return_indices=True)
    y = y.numpy().astype(x.dtype)
    return (y, at.numpy()) if return_indices else y


def candidate_backward(grad_output, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    g = grad_output[0] if isinstance(grad_output, tuple) else grad_output
    wide = torch.tensor(x.astype("float64"), requires_grad=True)
    y = F.max_pool2d(wide, kernel_size, stride, padding, dilation, ceil_mode)
    y.backward(torch.tensor(g.astype("float64")))
    return (wide.grad.numpy().astype(x.dtype),)
