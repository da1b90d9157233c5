"""activations.hardswish: right, written as x times relu6(x + 3) / 6 in torch, its gradient by autograd.

Just below x = 3 the sum x + 3 rounds to 6, the corner, and the gradient is the one of the other side.
Limits: convention, refuses, ill-conditioned here. Needs: torch.
"""

import numpy as np
import torch
import torch.nn.functional as F


def _tensor(a):
    return torch.from_numpy(np.array(a))


def _hardswish(x):
    return x * (F.relu6(x + 3) / 6)


def candidate(x):
    return _hardswish(_tensor(x)).numpy()


def candidate_backward(dy, x):
    leaf = _tensor(x).requires_grad_()
    (dx,) = torch.autograd.grad(_hardswish(leaf), leaf, _tensor(dy))
    return (dx.numpy(),)
