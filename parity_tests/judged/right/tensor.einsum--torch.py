"""tensor.einsum: right.

Style: torch.einsum in float64, to NumPy and back. Needs: torch.
Limits: shared error.
"""

import numpy as np
import torch


def candidate(equation, *operands):
    wide = [torch.tensor(a.astype(np.float64)) for a in operands]
    return np.array(torch.einsum(equation, *wide).numpy().astype(operands[0].dtype))
