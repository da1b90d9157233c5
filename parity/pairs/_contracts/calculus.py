"""What differentiation by numbers must refuse."""

import numpy as np

from parity.pair import Contract
from parity.pairs._contracts._rows import each, given

ADAPTER = "The word names a function of the row's own."
CONTRACTS = {
    "jacobian": Contract(
        (
            *each("a step that is not positive", "step", 0.0, -1e-3, float("nan")),
            *each("a function of two results", "function", "two_results"),
        ),
        accepts={"function=unknown": ADAPTER},
    ),
    "gradient_check": Contract(
        (
            given("no generator", "rng", np.ones(1), "of_numbers"),
            *each("what is no gradient", "gradient", "of_another_shape", "of_one_axis_more", "two_of_them", "none_at_all"),
        ),
        accepts={"function=unknown": ADAPTER, "gradient=unknown": ADAPTER},
    ),
}
