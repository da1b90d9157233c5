"""Sums of exponentials, x log y, entropy and logit: ours, torch's and SciPy's."""

from __future__ import annotations

import math

import numpy as np

from parity.hostile import listed, near
from parity.kinds import Logits, Probability, Real
from parity.pair import Pair, with_options, with_shapes

__all__ = ["PAIRS"]

LN2 = math.log(2.0)


def _nearly_zero(shape, fmt, rng):
    """Rows whose exponentials sum to nearly 1: the logarithm is nearly 0."""
    n = max(shape[-1], 1) if shape else 1
    return np.broadcast_to(-math.log(n) * (1.0 - 4 * fmt.u * np.arange(n)), shape).copy() if shape else np.zeros(())


def _rising(shape, fmt, rng):
    """Each entry far above all before it: every prefix has its own maximum."""
    steps = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
    return 0.75 * fmt.log_max * steps


def _zero_above(shape, fmt, rng):
    """0 and entries far below it: all of the result is what they add."""
    x = np.full(shape, -min(40.0, -0.7 * fmt.log_smallest))
    x[..., :1] = 0.0
    return x


def _row_logits(shape):
    return Logits("x", shape).also(nearly_zero=_nearly_zero, rising=_rising, zero_above=_zero_above)


def _torch_logsumexp(x, axis=-1, keepdims=False):
    import torch

    return torch.logsumexp(x, tuple(range(x.ndim)) if axis is None else axis, keepdims)


def _scipy_logsumexp(x, axis=-1, keepdims=False):
    from scipy.special import logsumexp

    return logsumexp(x, axis=axis, keepdims=keepdims)


def _torch_logcumsumexp(x, axis=-1):
    import torch

    return torch.logcumsumexp(x, axis)


def _scipy_logit(x, eps=None):
    from scipy.special import logit

    return logit(x if eps is None else np.clip(x, eps, 1.0 - eps))


BROADCAST = (
    with_shapes("column_and_row", condition="broadcasting", x=(4, 1), other=(5,)),
    with_shapes("scalar_other", condition="broadcasting", x=(6,), other=()),
    with_shapes("empty", condition="empty arrays", x=(0, 3), other=(0, 3)),
    with_shapes("scalars", condition="0-d arrays", x=(), other=()),
    with_shapes("long", x=(200,), other=(200,)),
)
ZEROS_AND_POLES = listed([0.0, -0.0, 1.0, -1.0, 0.0, 2.0, 0.0, 0.0, -3.0, 0.0, 1.0])
POLES = listed([0.0, -0.0, 0.0, -1.0, -2.0, -2.0, np.inf, np.nan, 1.0, 1.0])

# The logarithms of sums exist because their exponentials leave the range: hence `spans_range`.
PAIRS = (
    Pair(
        "special.logsumexp",
        (_row_logits((3, 7)),),
        torch=_torch_logsumexp,
        spans_range=True,
        scipy=_scipy_logsumexp,
        variants=(
            with_options(axis=0),
            with_options(axis=None).if_taken("axis=None"),
            with_options(axis=-1, keepdims=True),
            with_shapes("two_axes", {"axis": (0, 2)}, x=(2, 3, 4)),
            with_shapes("two_axes_kept", {"axis": (1, 0), "keepdims": True}, x=(2, 3, 4)),
            with_shapes("empty_rows", condition="empty arrays", x=(3, 0)),
            with_shapes("no_rows", condition="empty arrays", x=(0, 3)),
            with_shapes("length_one", x=(4, 1)),
            with_shapes("scalar", condition="0-d arrays", x=()),
            with_shapes("long", x=(2, 200)),
            with_shapes("long_first_axis", {"axis": 0}, x=(200, 2)),
        ),
    ),
    Pair(
        "special.logaddexp",
        (
            _row_logits((3, 7)).also(nearly_minus_ln2=near([-LN2])),
            Logits("other", (3, 7)).also(
                nearly_minus_ln2=listed([-LN2]), far_below=listed([-40.0, -700.0, -80.0, -30.1, -744.0])
            ),
        ),
        torch="torch.logaddexp",
        spans_range=True,
        variants=BROADCAST,
    ),
    Pair(
        "special.logcumsumexp",
        (_row_logits((3, 7)),),
        torch=_torch_logcumsumexp,
        spans_range=True,
        variants=(
            with_options(axis=0),
            with_shapes("middle_axis", {"axis": 1}, condition="several batch axes", x=(2, 5, 3)),
            with_shapes("empty_rows", condition="empty arrays", x=(3, 0)),
            with_shapes("length_one", x=(4, 1)),
            with_shapes("scalar", condition="0-d arrays", x=()),
            with_shapes("long", x=(1, 100)),
        ),
        longest=300,
    ),
    Pair(
        "special.xlogy",
        (Real("x", (24,)).also(zeros=ZEROS_AND_POLES), Real("other", (24,)).also(zeros=POLES, near_unity=near([1.0]))),
        torch="torch.special.xlogy",
        scipy="scipy.special.xlogy",
        variants=BROADCAST,
    ),
    Pair(
        "special.xlog1py",
        (Real("x", (24,)).also(zeros=ZEROS_AND_POLES), Real("other", (24,)).also(zeros=POLES, near_pole=near([-1.0]))),
        torch="torch.special.xlog1py",
        scipy="scipy.special.xlog1py",
        variants=BROADCAST,
    ),
    Pair(
        "special.entr",
        (Probability("x").also(**Real("x").hostile),),
        torch="torch.special.entr",
        scipy="scipy.special.entr",
        knots=(math.exp(-1.0), 1.0, 0.5 * math.exp(-1.0), 2 * math.exp(-1.0)),
    ),
    Pair(
        "special.logit",
        (Probability("x").also(**Real("x").hostile),),
        torch="torch.logit",
        scipy=_scipy_logit,
        knots=(0.5, 0.25, 0.75, 1.0),
        variants=(with_options(eps=1e-3), with_options(eps=0.25), with_options(eps=0.5), with_options(eps=1e-6)),
    ),
)
