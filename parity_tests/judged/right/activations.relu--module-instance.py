"""activations.relu: right.

Style: an nn.Module instance from torch.nn. Needs: torch.
Limits: convention.
"""

import torch

candidate = torch.nn.ReLU()
