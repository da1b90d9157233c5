"""Pooling over images: ties, infinities and windows that stand over the edge."""

from __future__ import annotations

import numpy as np

from parity.hostile import listed
from parity.kinds import Data
from parity.pair import Pair, along, with_options, with_shapes

INF, NAN = float("inf"), float("nan")
IMAGE = Data("x", (1, 2, 5, 4)).also(
    all_neg_inf=listed([-INF]),
    all_nan=listed([NAN]),
    many_nans=listed([1.0, NAN, NAN, 2.0, -INF]),
    equal_zeros=listed([0.0, -0.0, -0.0]),
)


def _fits(options) -> bool:
    """The window, dilated, lies within the padded image of 5 by 4, and the padding is at most half of it."""
    size, padding, dilation = (
        np.broadcast_to(options.get(n, d), 2) for n, d in (("kernel_size", 2), ("padding", 0), ("dilation", 1))
    )
    inside = (size - 1) * dilation + 1 <= np.array((5, 4)) + 2 * padding
    return bool((inside & (2 * padding <= size)).all())


PAIRS = (
    Pair(
        "pooling.max_pool2d",
        (IMAGE,),
        torch="torch.nn.functional.max_pool2d",
        options={"kernel_size": 2},
        variants=(
            with_options(return_indices=True),
            with_options(stride=1),
            with_options(stride=1, return_indices=True),
            with_options(kernel_size=(3, 2), stride=(1, 2)),
            with_options(padding=1, return_indices=True),
            with_options(kernel_size=3, padding=1, stride=2, ceil_mode=True),
            with_options(ceil_mode=True, return_indices=True),
            with_options(dilation=2, stride=1, return_indices=True),
            with_options(dilation=(2, 1), kernel_size=(2, 3), padding=(1, 1), stride=1),
            with_shapes("no_batch_axis", condition="no batch axis", x=(2, 4, 3)),
            with_shapes("one_pixel", {"kernel_size": 1}, x=(2, 1, 1, 1)),
            with_shapes("large_window", {"kernel_size": (10, 20)}, x=(1, 1, 10, 20)),
            with_shapes("empty_batch", condition="empty arrays", x=(0, 2, 5, 4)),
        ),
        axes=(
            along(x=("n", 1, 2, 2)),
            along(x=(1, "n", 2, 2)),
            along(x=(1, 1, "n+1", 2)),
            along(x=(1, 1, 2, "n+1")),
        ),
        together=_fits,
    ),
    Pair(
        "pooling.avg_pool2d",
        (IMAGE,),
        torch="torch.nn.functional.avg_pool2d",
        options={"kernel_size": 2},
        variants=(
            with_options(stride=1),
            with_options(kernel_size=(3, 2), stride=(1, 2)),
            with_options(padding=1),
            with_options(padding=1, count_include_pad=False),
            with_options(kernel_size=3, padding=1, stride=2, ceil_mode=True),
            with_options(kernel_size=3, padding=1, stride=2, ceil_mode=True, count_include_pad=False),
            with_options(ceil_mode=True),
            with_options(divisor_override=3),
            with_options(divisor_override=-7, padding=1, stride=1).if_taken("divisor_override=-7"),
            with_shapes("no_batch_axis", condition="no batch axis", x=(2, 4, 3)),
            with_shapes("one_pixel", {"kernel_size": 1}, x=(2, 1, 1, 1)),
            with_shapes("large_window", {"kernel_size": (10, 20)}, x=(1, 1, 10, 20)),
            with_shapes("empty_batch", condition="empty arrays", x=(0, 2, 5, 4)),
        ),
        axes=(
            along(x=("n", 1, 2, 2)),
            along(x=(1, "n", 2, 2)),
            along(x=(1, 1, "n+1", 2)),
            along(x=(1, 1, 2, "n+1")),
        ),
    ),
)
