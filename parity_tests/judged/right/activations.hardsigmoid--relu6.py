"""activations.hardsigmoid: right, written as relu6(x + 3) / 6 in torch, its gradient by autograd.

Just below x = 3 the sum x + 3 rounds to 6, the corner, and the gradient is the one of the other side.
Limits: convention, refuses. Needs: torch.
"""

import numpy as np
import torch
import torch.nn.functional as F


def _tensor(a):
    return torch.from_numpy(np.array(a))


def candidate(x):
    return (F.relu6(_tensor(x) + 3) / 6).numpy()


def candidate_backward(dy, x):
    leaf = _tensor(x).requires_grad_()
    (dx,) = torch.autograd.grad(F.relu6(leaf + 3) / 6, leaf, _tensor(dy))
    return (dx.numpy(),)
