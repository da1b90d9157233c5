"""activations.log_softmax: right.

Style: torch itself, to NumPy and back, with autograd. Needs: torch.
Limits: refuses, shared error.
"""

import torch


def candidate(x, axis=-1):
    x = torch.tensor(x)
    return torch.log_softmax(x, axis).numpy()


def candidate_backward(grad_output, x, axis=-1):
    x = torch.tensor(x)
    need = [t.requires_grad_() for t in (x,)]
    y = torch.log_softmax(x, axis)
    got = torch.autograd.grad(y, need, torch.tensor(grad_output).to(y.dtype))
    return tuple(g.numpy() for g in got)
