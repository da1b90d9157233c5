"""normalization.instance_norm: right.

Style: torch.nn.functional in float64, to NumPy and back. Needs: torch.
Limits: convention, refuses, shared error.
"""

import torch
import torch.nn.functional as F


def _wide(array):
    return None if array is None else torch.tensor(array.astype("float64"))


def _call(x, mean, var, w, b, use_input_stats, momentum, eps):
    if not use_input_stats:
        return F.batch_norm(x, mean, var, w, b, False, momentum, eps)
    return F.instance_norm(x, None, None, w, b, True, momentum, eps)


def candidate(x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5):
    arrays = [_wide(a) for a in (x, running_mean, running_var, weight, bias)]
    return _call(*arrays, use_input_stats, momentum, eps).numpy().astype(x.dtype)
