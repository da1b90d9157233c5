"""sinc, expm1, log1p and rsqrt: ours, torch's and SciPy's."""

from __future__ import annotations

from parity.hostile import listed, near
from parity.kinds import Real
from parity.pair import Pair

__all__ = ["PAIRS"]

PAIRS = (
    Pair(
        "special.sinc",
        (
            Real("x").also(
                near_integers=near([1.0, -2.0, 3.0, 7.0, 100.0, 0.5, -1.5, 2.5]),
                far_integers=listed([1024.0, 1025.0, -4095.0, 1024.5, 60000.0, 2.0**52 + 1, 2.0**51 + 0.5, 2.0**60]),
            ),
        ),
        torch="torch.sinc",
        knots=(0.25, 0.75, 1.4302966531242027, -2.459024025),
    ),
    Pair("special.expm1", (Real("x"),), torch="torch.expm1", scipy="scipy.special.expm1", knots=(0.0, -37.0, -17.0, -0.6931)),
    Pair("special.log1p", (Real("x"),), torch="torch.log1p", scipy="scipy.special.log1p", knots=(-1.0, -0.5, 1.0)),
    Pair("special.rsqrt", (Real("x"),), torch="torch.rsqrt", knots=(1.0, 2.0, 4.0, 2e-26)),
)
