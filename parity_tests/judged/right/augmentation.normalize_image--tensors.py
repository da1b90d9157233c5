"""augmentation.normalize_image: right.

Style: the formula on tensors, differentiated by autograd. Needs: torch.
Limits: convention, shared error.
"""

import torch


def candidate(image, mean, std, layout="NCHW"):
    shape = (-1, 1, 1) if layout == "NCHW" else (-1,)
    m, s = mean.to(torch.float64).reshape(shape), std.to(torch.float64).reshape(shape)
    return ((image.to(torch.float64) - m) / s).to(image.dtype)
