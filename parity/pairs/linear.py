"""Matrix products: linear and matmul."""

from __future__ import annotations

from parity.kinds import Factor
from parity.pair import Pair, Variant, with_shapes

PAIRS = (
    Pair(
        "linear.linear",
        (Factor("x", (3, 6)), Factor("weight", (4, 6)), Factor("bias", (4,))),
        torch="torch.nn.functional.linear",
        variants=(
            Variant({"_absent": ("bias",)}, name="no_bias"),
            with_shapes("vector", x=(6,)),
            with_shapes("two_batch_axes", x=(2, 2, 6)),
            with_shapes("one_by_one", x=(1, 1), weight=(1, 1), bias=(1,)),
            with_shapes("long", x=(2, 200), weight=(2, 200), bias=(2,)),
            with_shapes("many_samples", x=(200, 2), weight=(2, 2), bias=(2,)),
            with_shapes("no_samples", x=(0, 6)),
            with_shapes("no_inputs", x=(3, 0), weight=(4, 0)),
            with_shapes("no_outputs", weight=(0, 6), bias=(0,)),
        ),
    ),
    Pair(
        "linear.matmul",
        (Factor("x", (3, 6)), Factor("other", (6, 4))),
        torch="torch.matmul",
        variants=(
            with_shapes("dot", x=(7,), other=(7,)),
            with_shapes("row", x=(6,)),
            with_shapes("column", other=(6,)),
            with_shapes("batch", x=(2, 3, 4), other=(2, 4, 2)),
            with_shapes("broadcast", x=(2, 1, 3, 4), other=(3, 4, 2)),
            with_shapes("batch_by_matrix", x=(3, 2, 4), other=(4, 3)),
            with_shapes("row_by_batch", x=(4,), other=(3, 4, 2)),
            with_shapes("batch_by_column", x=(3, 2, 4), other=(4,)),
            with_shapes("outer", x=(5, 1), other=(1, 4)),
            with_shapes("long", x=(2, 200), other=(200, 2)),
            with_shapes("tall", x=(200, 2), other=(2, 2)),
            with_shapes("empty_sum", x=(3, 0), other=(0, 4)),
            with_shapes("empty_rows", x=(0, 6)),
            with_shapes("empty_batch", x=(0, 3, 4), other=(4, 2)),
        ),
    ),
)
