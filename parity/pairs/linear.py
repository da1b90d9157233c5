"""Matrix products: linear and matmul."""

from __future__ import annotations

from parity.kinds import Factor
from parity.pair import Pair, Structure, Variant, with_shapes


def _ranks():
    """Every two ranks from one to four; a batch axis is of length one in x, in other, or in neither.

    The others have one length, so that to take one for another is no error but a wrong result.
    """
    batches = {"plain": ((2, 2), (2, 2)), "one_in_x": ((2, 1), (2, 2)), "one_in_other": ((2, 2), (1, 2))}
    for m in range(1, 5):
        for n in range(1, 5):
            x, other = (5,) if m == 1 else (4, 5), (5,) if n == 1 else (5, 1 if (m + n) % 2 else 6)
            for name, (left, right) in batches.items() if max(m, n) > 2 else [("plain", ((), ()))]:
                shapes = {"x": (*left[4 - m :], *x) if m > 2 else x, "other": (*right[4 - n :], *other) if n > 2 else other}
                condition = "broadcasting" if (m > 2 or n > 2) and (m != n or name != "plain") else ""
                condition = condition or ("other ranks" if (m, n) != (2, 2) else "")
                yield Structure(f"ranks_{m}_and_{n}_{name}", shapes, condition=condition)


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
        structures=tuple(_ranks()),
        longest=4097,
    ),
)
