"""optimizers.sgd: right.

Style: wraps torch.optim.SGD, one optimizer object per step. Needs: torch.
Limits: refuses, shared error.
"""

import numpy as np
import torch


def candidate(
    param, grad, state=None, *, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False
):
    t = torch.tensor(np.asarray(param), requires_grad=True)
    t.grad = torch.tensor(np.asarray(grad))
    o = torch.optim.SGD(
        [t], lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov, maximize=maximize
    )
    if state is not None:
        o.state[t]["momentum_buffer"] = torch.tensor(state)
    o.step()
    buf = o.state[t].get("momentum_buffer")
    return t.detach().numpy().copy(), None if buf is None else buf.numpy().copy()
