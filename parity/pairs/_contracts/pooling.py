"""What the poolings must refuse."""

from parity.pair import Contract, with_options
from parity.pairs._contracts._rows import UNCHECKED, each, options, shapes

AXES, HALF, LARGE = "another number of axes", "padding beyond half of the kernel", "a kernel that is larger than the image"
COUNT = "what is no positive integer, or pair of them"
_BOTH = (
    shapes(AXES, x=(5, 4)),
    shapes(AXES, x=(1, 1, 2, 5, 4)),
    shapes(AXES, x=(4,)),
    *each(COUNT, "kernel_size", 0, -1, (2, 0), (0, 2), 1.5, (2, 2, 2), (2, 1.5)),
    *each(COUNT, "stride", 0, -1, (1, 0), 1.5, (1, 1, 1)),
    *each("what is no integer from 0, or pair of them", "padding", -1, (0, -1), 0.5, (0, 0, 0)),
    options(HALF, padding=2),
    options(HALF, kernel_size=1, padding=1),
    options(HALF, kernel_size=3, padding=(0, 2)),
    options(HALF, kernel_size=3, padding=(2, 0)),
    options(HALF, kernel_size=(3, 1), padding=(1, 1)),
    options(LARGE, kernel_size=(6, 2)),
    options(LARGE, kernel_size=(2, 5)),
    options(LARGE, kernel_size=9),
    options(LARGE, kernel_size=(12, 2), stride=1, ceil_mode=True),
    options(LARGE, kernel_size=(2, 12), stride=1, ceil_mode=True),
)
_BEYOND = with_options(kernel_size=(6, 2), ceil_mode=True)
CONTRACTS = {
    "max_pool2d": Contract(
        (*_BOTH, *each(COUNT, "dilation", 0, -1, 1.5, (1, 0)), options(LARGE, dilation=4)),
        allows=(_BEYOND, with_options(kernel_size=2, dilation=3, padding=2)),
        accepts={"dy_*": UNCHECKED},
    ),
    "avg_pool2d": Contract(
        (*_BOTH, *each("division by 0", "divisor_override", 0, 0.0)),
        allows=(_BEYOND,),
        accepts={"dy_*": UNCHECKED},
    ),
}
