"""recurrent.lstm_cell: right.

Style: torch.lstm_cell in float64, to NumPy and back, with autograd. Needs: torch.
Written for x.ndim == 2: right with --where "x.ndim == 2".
Limits: convention, shared error.
"""

import torch


def _wide(array):
    return None if array is None else torch.tensor(array.astype("float64"), requires_grad=True)


def candidate(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    y = torch.lstm_cell(_wide(x), (_wide(h), _wide(c)), _wide(w_ih), _wide(w_hh), _wide(b_ih), _wide(b_hh))
    return tuple(t.detach().numpy().astype(x.dtype) for t in y)


def candidate_backward(grad_output, x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    wide = [_wide(a) for a in (x, h, c, w_ih, w_hh, b_ih, b_hh)]
    y = torch.lstm_cell(wide[0], (wide[1], wide[2]), *wide[3:])
    cotangents = [torch.tensor(g.astype("float64")) for g in grad_output]
    torch.autograd.backward(y, cotangents)
    return tuple(None if t is None else t.grad.numpy().astype(x.dtype) for t in wide)
