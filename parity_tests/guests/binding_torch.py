"""Right functions and objects in a file that imports torch."""

import numpy as np
import torch


def silu(x):
    """torch's, though only its methods say so."""
    return x / (1 + (-x).exp())


def relu_of_numpy(x):
    """NumPy's, in a file that imports torch."""
    return np.maximum(x, x.dtype.type(0))


def tanh_gelu(x):
    return torch.nn.functional.gelu(x, approximate="tanh")


def torch_relu_(x):
    x.clamp_(min=0)


def sgd(param, grad, state=None, *, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False):
    """torch's, a step at a time; it takes arrays only."""
    assert all(type(a) is np.ndarray for a in (param, grad, *([] if state is None else [state])))
    p = torch.tensor(param.copy(), requires_grad=True)
    p.grad = torch.tensor(grad.copy())
    optimizer = torch.optim.SGD(
        [p], lr, momentum, dampening, weight_decay=weight_decay, nesterov=nesterov, maximize=maximize
    )  # fmt: skip
    if state is not None:
        optimizer.state[p]["momentum_buffer"] = torch.tensor(state)
    optimizer.step()
    kept = optimizer.state[p].get("momentum_buffer")
    return p.detach().numpy()[...], None if kept is None else kept.numpy()[...]


def make_linear():
    return torch.nn.Linear(3, 4)


linear = torch.nn.Linear(3, 4)
