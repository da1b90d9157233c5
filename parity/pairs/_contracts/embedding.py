"""What the embedding must refuse."""

import numpy as np

from parity.pair import Contract, with_options
from parity.pairs._contracts._rows import UNCHECKED, each, given, shapes

TABLE = "a table that has not two axes"
CONTRACTS = {
    "embedding": Contract(
        (
            given("a negative index", "indices", np.array([0, 1, 2, 3, 0, -1]), "with_-1"),
            given("indices out of range", "indices", np.array(4), "of_4_alone"),
            given("floats as `indices`", "indices", np.array([0.0]), "with_one_float"),
            shapes(TABLE, weight=(4,)),
            shapes(TABLE, weight=(4, 3, 1)),
            shapes(TABLE, weight=()),
            *each("a padding index out of range", "padding_idx", 4, -5),
        ),
        allows=(with_options(padding_idx=-4),),
        accepts={"weight_of_complex_numbers": "It moves numbers of any dtype.", "dy_*": UNCHECKED},
    ),
}
