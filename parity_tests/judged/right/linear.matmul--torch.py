"""linear.matmul: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: refuses, shared error.
"""

import torch


def candidate(x, other):
    x = torch.tensor(x)
    other = torch.tensor(other)
    return torch.matmul(x, other).numpy()


def candidate_backward(grad_output, x, other):
    x = torch.tensor(x)
    other = torch.tensor(other)
    need = [
        t.requires_grad_()
        for t in (
            x,
            other,
        )
    ]
    y = torch.matmul(x, other)
    got = torch.autograd.grad(y, need, torch.tensor(grad_output).to(y.dtype))
    return tuple(g.numpy() for g in got)
