"""special.logsumexp: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: convention, ill-conditioned here, refuses, shared error.
"""

import torch


def candidate(x, axis=-1, keepdims=False):
    x = torch.tensor(x)
    return torch.logsumexp(x, axis, keepdims).numpy()


def candidate_backward(grad_output, x, axis=-1, keepdims=False):
    x = torch.tensor(x)
    need = [t.requires_grad_() for t in (x,)]
    y = torch.logsumexp(x, axis, keepdims)
    got = torch.autograd.grad(y, need, torch.tensor(grad_output).to(y.dtype))
    return tuple(g.numpy() for g in got)
