"""What the similarities must refuse."""

from parity.pair import Contract, with_shapes
from parity.pairs._contracts._rows import NAN, UNCHECKED, each, shapes

_POWERS = each("a negative power, or nan", "p", -1.0, -5e-324, NAN)
_DY = {"dy_*": UNCHECKED}
BOTH = ("x2_first_axis_longer", "x2_last_axis_longer")
POINTS = "points that do not fit"
CONTRACTS = {
    "cosine_similarity": Contract(
        accepts={
            **_DY,
            "axis=(0,1)": "It takes several axes.",
            "axis=None": "It takes all axes.",
            "axis=True": "True counts as 1.",
        },
        delegated=BOTH,
    ),
    "pairwise_distance": Contract(
        (*_POWERS, shapes("numbers without axes", x1=(), x2=())),
        accepts=_DY,
        delegated=BOTH,
        allows=(with_shapes("number_and_vector", condition="broadcasting", x1=(), x2=(8,)),),
    ),
    "cdist": Contract(
        (
            *_POWERS,
            *(
                shapes(POINTS, **wrong)
                for wrong in ({"x1": (3,)}, {"x2": (3,)}, {"x2": (3, 4)}, {"x1": (4, 1)}, {"x1": (), "x2": ()})
            ),
        ),
        accepts=_DY,
    ),
    "pdist": Contract(
        (*_POWERS, shapes("no matrix", x=(3,)), shapes("no matrix", x=(1, 5, 3)), shapes("no matrix", x=())), accepts=_DY
    ),
    "normalize": Contract(_POWERS, accepts=_DY),
}
