"""What the linear maps must refuse."""

from parity.pair import Contract
from parity.pairs._contracts._rows import shapes

FIT, FEW = "shapes that do not fit", "a number without axes"
CONTRACTS = {
    "linear": Contract(
        (
            shapes(FIT, weight=(4, 7)),
            shapes(FIT, weight=(4,)),
            shapes(FIT, weight=(4, 6, 1)),
            shapes(FIT, x=(3, 1)),
            shapes(FEW, x=()),
            shapes(FIT, bias=(5,)),
            shapes(FIT, bias=(4, 1)),
            shapes(FIT, bias=(1,)),
            shapes(FIT, bias=()),
        )
    ),
    "matmul": Contract(
        (
            shapes(FEW, x=()),
            shapes(FEW, other=()),
            shapes(FEW, x=(), other=()),
            shapes(FIT, x=(3, 7)),
            shapes(FIT, x=(3, 1)),
            shapes(FIT, x=(5,)),
            shapes(FIT, other=(5,)),
            shapes(FIT, x=(5,), other=(6,)),
            shapes("leading axes that do not broadcast", x=(2, 3, 6), other=(3, 6, 4), delegated=True),
        )
    ),
}
