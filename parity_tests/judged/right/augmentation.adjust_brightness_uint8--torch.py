"""augmentation.adjust_brightness_uint8: right.

Style: torchvision's own steps. Needs: torch.
"""

import numpy as np
import torch


def candidate(image, factor):
    return (torch.tensor(np.array(image)).float() * factor).clamp(0, 255).to(torch.uint8).numpy()
