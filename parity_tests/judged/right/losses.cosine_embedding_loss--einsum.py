"""losses.cosine_embedding_loss: right.

Style: einsum in float64. Needs: numpy.
Limits: shared error.
"""

import numpy as np


def candidate(input1, input2, target, margin=0.0, reduction="mean"):
    a, b = input1.astype(np.float64), input2.astype(np.float64)
    with np.errstate(all="ignore"):
        dot = np.einsum("...i,...i->...", a, b)
        lengths = (np.einsum("...i,...i->...", a, a) + 1e-12) * (np.einsum("...i,...i->...", b, b) + 1e-12)
        cos = dot / np.sqrt(lengths)
        loss = np.where(np.asarray(target) == 1, 1 - cos, np.maximum(cos - margin, 0))
        if reduction != "none":
            loss = loss.sum() / np.float64(loss.size) if reduction == "mean" else loss.sum()
    return np.asarray(loss).astype(input1.dtype)
