"""What linear algebra must refuse."""

import numpy as np

from parity.pair import Contract, Refusal
from parity.pairs._contracts._rows import shapes

SQUARE, FIT, SINGULAR = "a matrix that is not square", "shapes that do not fit", "a singular matrix"


def _singular(name, *matrices):
    stack = np.stack([np.array(m, float) for m in matrices])
    b = np.arange(stack.shape[0] * stack.shape[1] * 2.0).reshape(*stack.shape[:2], 2)
    makers = {"a": lambda s, f, r: stack, "b": lambda s, f, r: b}
    return Refusal(f"singular_{name}", SINGULAR, shapes={"a": stack.shape, "b": b.shape}, arrays=makers, usual=None)


def _almost(n):
    """The identity without its last entry."""
    found = np.eye(n)
    found[-1, -1] = 0.0
    return found


REGULAR = [[2, 1, 0], [1, 3, 1], [0, 1, 4]]
CONTRACTS = {
    "solve": Contract(
        (
            shapes(SQUARE, a=(2, 3, 4)),
            shapes(SQUARE, a=(3,)),
            shapes(SQUARE, a=()),
            shapes(SQUARE, a=(2, 4, 3)),
            shapes(FIT, b=(2, 4, 2)),
            shapes(FIT, b=(4,)),
            shapes(FIT, b=()),
            shapes(FIT, a=(3, 3), b=(2, 2)),
            _singular("zeros", np.zeros((3, 3))),
            _singular("by_rounding", [[7, -9, 4], [1, -8, 14], [-4, 0, 8]]),
            _singular("among_others", REGULAR, [[1, 2, 3], [2, 4, 6], [1, 0, 1]]),
            _singular("dependent", [[1, 2], [2, 4]]),
            _singular("tenths", [[0.1, 0.3], [0.2, 0.6]]),
            _singular("single", [[0.0]]),
            _singular("of_33", _almost(33)),
            _singular("of_40", np.zeros((40, 40))),
        ),
        delegated=("a_first_axis_longer", "b_first_axis_longer"),
    ),
    "slogdet": Contract((shapes(SQUARE, a=(2, 3, 4)), shapes(SQUARE, a=(3,)), shapes(SQUARE, a=()))),
}
