"""Convolution over images."""

from __future__ import annotations

import numpy as np

from parity.kinds import Factor
from parity.pair import Pair, Structure, Variant, along, with_options, with_shapes


def _fits(options) -> bool:
    """The kernel of 2 by 3, dilated, lies within the padded image of 4 by 4; "same" padding knows no stride."""
    padding = options.get("padding", 0)
    if padding == "same":
        return options.get("stride", 1) in (1, (1, 1))
    around = 0 if padding == "valid" else padding
    spans = (np.array((2, 3)) - 1) * np.broadcast_to(options.get("dilation", 1), 2) + 1
    return bool((spans <= 4 + 2 * np.broadcast_to(around, 2)).all())


PAIRS = (
    Pair(
        "convolution.conv2d",
        (Factor("x", (1, 2, 4, 4)), Factor("weight", (2, 2, 2, 3)), Factor("bias", (2,))),
        torch="torch.nn.functional.conv2d",
        variants=(
            with_options(stride=2),
            with_options(stride=(2, 1), padding=(0, 2)),
            with_options(padding=1),
            with_options(padding="same"),
            with_options(padding="valid"),
            with_options(dilation=(3, 1)),
            with_options(padding="same", dilation=2),
            with_options(stride=3, padding=2, dilation=(2, 1)),
            with_shapes("groups", {"groups": 2}, x=(1, 4, 3, 3), weight=(4, 2, 2, 2), bias=(4,)),
            with_shapes("depthwise", {"groups": 3, "padding": 1}, x=(1, 3, 3, 3), weight=(6, 1, 3, 3), bias=(6,)),
            Variant({"_absent": ("bias",)}, name="no_bias", condition="an absent array"),
            with_shapes("batch", x=(3, 2, 3, 3)),
            with_shapes("no_batch_axis", condition="no batch axis", x=(2, 3, 4)),
            with_shapes("one_pixel", x=(2, 2, 1, 1), weight=(2, 2, 1, 1)),
            with_shapes("whole_image", x=(1, 2, 2, 3)),
            with_shapes("long", x=(1, 20, 3, 4), weight=(2, 20, 3, 3)),
            with_shapes("wide", x=(1, 1, 1, 120), weight=(1, 1, 1, 3), bias=(1,)),
            with_shapes("empty_batch", condition="empty arrays", x=(0, 2, 4, 4)),
        ),
        structures=(
            Structure(
                "groups_apart",
                {"x": (2, 4, 6, 5), "weight": (4, 2, 2, 2), "bias": (4,)},
                {"groups": 2, "dilation": (2, 1), "stride": (2, 1), "padding": (1, 0)},
            ),
            Structure(
                "groups_dilated", {"x": (1, 4, 5, 5), "weight": (2, 2, 2, 2), "bias": (2,)}, {"groups": 2, "dilation": 2}
            ),
        ),
        longest=300,
        axes=(
            along(x=("n", 1, 2, 3), weight=(1, 1, 2, 3), bias=(1,)),
            along(x=(1, "n", 2, 3), weight=(1, "n", 2, 3), bias=(1,)),
            along(x=(1, 1, 2, 3), weight=("n", 1, 2, 3), bias=("n",)),
            along(x=(1, 1, "n+1", 3), weight=(1, 1, 2, 3), bias=(1,)),
            along(x=(1, 1, 2, "n+1"), weight=(1, 1, 2, "n"), bias=(1,)),
        ),
        together=_fits,
    ),
)
