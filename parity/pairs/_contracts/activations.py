"""What the activations must refuse."""

from parity.pair import Contract
from parity.pairs._contracts._rows import LEFT, options, shapes

FIT = "a weight that does not fit the channels"
_ONE = Contract((options("an axis that is no integer", axis=True),))
CONTRACTS = {
    "celu": Contract((options("alpha = 0", alpha=0.0),)),
    "softshrink": Contract((options("a negative lambd", lambd=-0.5), options("a negative lambd", lambd=-1e-300))),
    "hardtanh": Contract((options("an interval upside down", min_val=0.5, max_val=0.25),)),
    "glu": Contract(
        (
            shapes("an array without axes", x=(), settings={"axis": 0}),
            shapes("an odd number of channels", x=(3, 7)),
            shapes("an odd number of channels", x=(3, 8), settings={"axis": 0}),
        ),
        delegated=LEFT,
    ),
    "prelu": Contract(
        (
            shapes(FIT, weight=(2,)),
            shapes(FIT, weight=(5,)),
            shapes(FIT, weight=(0,)),
            shapes(FIT, weight=(4, 1)),
            shapes(FIT, weight=(1, 1)),
            shapes(FIT, x=(4,), weight=(4,)),
            shapes(FIT, x=(4, 2), weight=(4,)),
            shapes(FIT, x=(), weight=(2,)),
        )
    ),
    "softmax": _ONE,
    "log_softmax": _ONE,
    "softmin": _ONE,
}
