"""embedding.embedding: right.

Style: torch.nn.functional.embedding in float64, to NumPy and back, with autograd. Needs: torch.
Limits: refuses.
"""

import torch
import torch.nn.functional as F


def candidate(indices, weight, padding_idx=None):
    return F.embedding(torch.tensor(indices), torch.tensor(weight.astype("float64")), padding_idx).numpy().astype(weight.dtype)


def candidate_backward(grad_output, indices, weight, padding_idx=None):
    table = torch.tensor(weight.astype("float64"), requires_grad=True)
    F.embedding(torch.tensor(indices), table, padding_idx).backward(torch.tensor(grad_output.astype("float64")))
    return None, table.grad.numpy().astype(weight.dtype)
