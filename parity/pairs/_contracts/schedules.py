"""What the schedules must refuse."""

import numpy as np

from parity.pair import Contract
from parity.pairs._contracts._rows import each, given

CONTRACTS = {
    "cosine_annealing_lr": Contract(
        (
            given("negative steps", "step", np.array([3, 0, -1]), "with_-1"),
            *each("a period that is no positive integer", "T_max", 0, -1, 1.5, 0.5),
        )
    ),
}
