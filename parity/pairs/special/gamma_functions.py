"""lgamma and digamma: ours, torch's and SciPy's."""

from __future__ import annotations

from parity.hostile import binades, listed, near, uniform
from parity.kinds import Real
from parity.pair import Pair

__all__ = ["PAIRS"]

LGAMMA_ROOTS = (-2.457024738, -2.747682647, -3.143580888, -3.955294285, -4.039361840, -4.991544641, -5.008218168)
DIGAMMA_ROOTS = (-0.504083008, -1.573498473, -2.610720868, -3.635293366, -4.653237762, -9.702672541, -66.7959)


# -- hazards ---------------------------------------------------------------------------------------------------------------
def between_poles(shape, fmt, rng):
    """The negative axis down to -12."""
    return -12.0 * uniform(shape, rng)


def far_between_poles(shape, fmt, rng):
    """The negative axis where the numbers still have fractions."""
    return -(2.0 ** (fmt.precision - 4)) * uniform(shape, rng)


def positive_binades(shape, fmt, rng):
    return abs(binades(shape, fmt, rng))


# -- pairs -----------------------------------------------------------------------------------------------------------------
def _real(roots):
    return Real("x").also(
        positive_binades=positive_binades,
        between_poles=between_poles,
        far_between_poles=far_between_poles,
        beside_poles=near([-1.0, -2.0, -3.0, -10.0, -100.0]),
        negative_roots=near(roots),
        small=listed([1e-3, -1e-3, 0.1, -0.1, 1e-7, -1e-7]),
        stirling=near([8.0, 16.0, 17.0, 100.0, 1000.0]),
    )


PAIRS = (
    Pair(
        "special.lgamma",
        (_real(LGAMMA_ROOTS),),
        torch="torch.special.gammaln",
        scipy="scipy.special.gammaln",
        knots=(1.0, 2.0, 0.99887, 1.4616321449683623, 4.036e36, 4.037e36, 2.5e305),
    ),
    Pair(
        "special.digamma",
        (_real(DIGAMMA_ROOTS),),
        torch="torch.special.digamma",
        scipy="scipy.special.digamma",
        knots=(1.4616321449683623, 1.0, 2.0, -0.25, -5.99998, -66.796),
    ),
)
