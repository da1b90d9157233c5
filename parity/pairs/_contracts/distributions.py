"""What the distributions must refuse."""

import numpy as np

from parity.pair import Contract, Refusal
from parity.pairs._contracts._rows import FORWARD, INF, NAN, UNCHECKED, given, holding, shapes

NONE = "no categories"
ROW = "a row that is no distribution"
_NUMBERS = {"dy_*": UNCHECKED}
CONTRACTS = {
    "normal_log_prob": Contract(accepts=_NUMBERS),
    "normal_entropy": Contract(
        (Refusal("no_scale", "a scale that is missing", absent=("scale",), directions=FORWARD),), accepts=_NUMBERS
    ),
    "normal_sample": Contract((shapes("shapes that do not broadcast", loc=(7,), delegated=True),)),
    "kl_normal_normal": Contract(accepts=_NUMBERS),
    "categorical_log_prob": Contract(
        (
            shapes(NONE, value=(0,), logits=(0, 0)),
            shapes("logits without axes", value=(), logits=()),
            shapes("shapes that do not broadcast", value=(3,), delegated=True),
        ),
        accepts=_NUMBERS,
    ),
    "categorical_entropy": Contract((shapes(NONE, logits=(4, 0)), shapes("logits without axes", logits=())), accepts=_NUMBERS),
    "categorical_sample": Contract(
        (
            shapes(NONE, logits=(4, 0)),
            shapes("logits without axes", logits=()),
            holding(ROW, "logits", NAN),
            holding(ROW, "logits", INF),
            given(ROW, "logits", np.full((4, 6), -INF), "all_-inf"),
        )
    ),
    "kl_categorical_categorical": Contract(
        (
            shapes(NONE, p_logits=(4, 0), q_logits=(4, 0)),
            shapes("logits without axes", p_logits=(), q_logits=()),
            shapes("different numbers of categories", q_logits=(4, 1)),
            shapes("different numbers of categories", p_logits=(4, 1)),
        ),
        accepts=_NUMBERS,
        delegated=("q_logits_first_axis_longer",),
    ),
}
