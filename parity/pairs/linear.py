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
            Variant({"_absent": ("bias",)}, name="no_bias", condition="an absent array"),
            with_shapes("vector", condition="no batch axis", x=(6,)),
            with_shapes("two_batch_axes", condition="several batch axes", x=(2, 2, 6)),
            with_shapes("one_by_one", x=(1, 1), weight=(1, 1), bias=(1,)),
            with_shapes("long", x=(2, 200), weight=(2, 200), bias=(2,)),
            with_shapes("many_samples", x=(200, 2), weight=(2, 2), bias=(2,)),
            with_shapes("no_samples", condition="empty arrays", x=(0, 6)),
            with_shapes("no_inputs", condition="empty arrays", x=(3, 0), weight=(4, 0)),
            with_shapes("no_outputs", condition="empty arrays", weight=(0, 6), bias=(0,)),
        ),
    ),
    Pair(
        "linear.matmul",
        (Factor("x", (3, 6)), Factor("other", (6, 4))),
        torch="torch.matmul",
        variants=(
            with_shapes("dot", condition="other ranks", x=(7,), other=(7,)),
            with_shapes("row", condition="other ranks", x=(6,)),
            with_shapes("column", condition="other ranks", other=(6,)),
            with_shapes("batch", condition="other ranks", x=(2, 3, 4), other=(2, 4, 2)),
            with_shapes("broadcast", condition="broadcasting", x=(2, 1, 3, 4), other=(3, 4, 2)),
            with_shapes("batch_by_matrix", condition="broadcasting", x=(3, 2, 4), other=(4, 3)),
            with_shapes("row_by_batch", condition="broadcasting", x=(4,), other=(3, 4, 2)),
            with_shapes("batch_by_column", condition="broadcasting", x=(3, 2, 4), other=(4,)),
            with_shapes("outer", x=(5, 1), other=(1, 4)),
            with_shapes("long", x=(2, 200), other=(200, 2)),
            with_shapes("tall", x=(200, 2), other=(2, 2)),
            with_shapes("empty_sum", condition="empty arrays", x=(3, 0), other=(0, 4)),
            with_shapes("empty_rows", condition="empty arrays", x=(0, 6)),
            with_shapes("empty_batch", condition="empty arrays", x=(0, 3, 4), other=(4, 2)),
        ),
    ),
)
