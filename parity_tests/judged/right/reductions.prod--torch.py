"""reductions.prod: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: convention, refuses, shared error.
"""

import torch


def candidate(x, axis=None, keepdims=False):
    x = torch.tensor(x)
    return (
        torch.prod(x, axis, keepdim=keepdims) if axis is not None else torch.prod(x).reshape((1,) * x.ndim if keepdims else ())
    ).numpy()


def candidate_backward(grad_output, x, axis=None, keepdims=False):
    x = torch.tensor(x)
    need = [t.requires_grad_() for t in (x,)]
    y = torch.prod(x, axis, keepdim=keepdims) if axis is not None else torch.prod(x).reshape((1,) * x.ndim if keepdims else ())
    got = torch.autograd.grad(y, need, torch.tensor(grad_output).to(y.dtype))
    return tuple(g.numpy() for g in got)
