"""Rows of a table looked up by index."""

from __future__ import annotations

from parity.kinds import Factor, Indices
from parity.pair import TWO_BYTES, Pair, along, with_options, with_shapes

PAIRS = (
    Pair(
        "embedding.embedding",
        (Indices("indices", (6,), bound=4), Factor("weight", (4, 3))),
        torch="torch.nn.functional.embedding",
        variants=(
            with_options(padding_idx=3),
            with_options(padding_idx=-1),
            with_options(padding_idx=0),
            with_shapes("two_axes", condition="several batch axes", indices=(2, 3)),
            with_shapes("single_index", condition="0-d arrays", indices=()),
            with_shapes("no_indices", condition="empty arrays", indices=(0,)),
            with_shapes("no_columns", condition="empty arrays", weight=(4, 0)),
            with_shapes("many_repeats", indices=(200,), weight=(4, 1)),
        ),
        axes=(
            along(TWO_BYTES, indices=("n",), weight=(4, 3)),
            along(TWO_BYTES, indices=(6,), weight=("n+3", 2)),
            along(indices=(2,), weight=(4, "n")),
        ),
    ),
)
