"""What the samplers must refuse."""

import numpy as np

from parity.pair import Contract
from parity.pairs._contracts._rows import INF, NAN, UNCHECKED, each, given, holding, shapes

NONE, NUMBER = "an axis without categories", "logits without axes"
ROW = "a row that is no distribution"
_FIRST = {"axis=(0,1)": "The first axis is taken.", "axis=None": "The first axis is taken.", "axis=True": "True counts as 1."}
CONTRACTS = {
    "gumbel_max": Contract(
        (shapes(NUMBER, logits=()), shapes(NONE, logits=(6, 0)), shapes(NONE, {"axis": 0}, logits=(0, 6))), accepts=_FIRST
    ),
    "gumbel_softmax": Contract(
        (shapes(NUMBER, logits=()), *each("a temperature that is not positive", "tau", 0.0, -1.0, NAN)),
        accepts={**_FIRST, "dy_*": UNCHECKED},
    ),
    "categorical": Contract(
        (
            shapes(NUMBER, logits=()),
            shapes(NONE, logits=(8, 0)),
            holding(ROW, "logits", NAN),
            holding(ROW, "logits", INF),
            given(ROW, "logits", np.full((8, 5), -INF), "all_-inf"),
        )
    ),
    "dropout": Contract(
        each("a probability outside of [0, 1]", "p", -0.1, 1.1, -5e-324, 1.0000000000000002, NAN), accepts={"dy_*": UNCHECKED}
    ),
}
