"""What the convolutions must refuse."""

from parity.pair import Contract
from parity.pairs._contracts._rows import each, options, shapes

FIT, GROUPS = "shapes that do not fit", "groups that do not divide"
LARGE = "a kernel that is larger than the padded image"
CONTRACTS = {
    "conv2d": Contract(
        (
            shapes(FIT, x=(4, 4)),
            shapes(FIT, x=(1, 1, 2, 4, 4)),
            shapes(FIT, weight=(2, 2, 2)),
            shapes(FIT, weight=(2, 2, 2, 3, 1)),
            shapes(FIT, bias=(3,)),
            shapes(FIT, bias=(1,)),
            shapes(FIT, bias=(2, 1)),
            shapes(GROUPS, x=(1, 3, 4, 4)),
            shapes(GROUPS, weight=(2, 1, 2, 3)),
            shapes(GROUPS, x=(1, 0, 4, 4), settings={"groups": 0}),
            shapes(GROUPS, x=(1, 0, 4, 4), settings={"groups": -1}),
            shapes(GROUPS, weight=(3, 1, 2, 3), bias=(3,), settings={"groups": 2}),
            shapes("no filters", weight=(0, 2, 2, 3), bias=(0,)),
            shapes("no filters", x=(1, 0, 4, 4), weight=(0, 0, 2, 3), bias=(0,)),
            shapes(LARGE, weight=(2, 2, 5, 2)),
            shapes(LARGE, weight=(2, 2, 2, 5)),
            shapes(LARGE, weight=(2, 2, 3, 2), settings={"dilation": 2}),
            options("padding to the same size with a stride", padding="same", stride=2),
            options("padding to the same size with a stride", padding="same", stride=(1, 2)),
            *each(
                "a stride that is no positive integer, or pair of them",
                "stride",
                0,
                -1,
                (1, 0),
                (0, 1),
                1.5,
                (1.0, 1),
                (1, 1, 1),
                (),
                ((1, 1),),
            ),
            *each("a dilation that is no positive integer, or pair of them", "dilation", 0, (1, 0), 1.5, (1, 1, 1)),
            *each("a padding that is no integer from 0, or pair of them", "padding", -1, (0, -1), (-1, 0), 0.5, (0, 1, 0)),
        )
    ),
}
