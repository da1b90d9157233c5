"""The error functions and their inverses: ours, torch's and SciPy's."""

from __future__ import annotations

from parity.hostile import listed, near, uniform
from parity.kinds import Probability, Real
from parity.pair import Pair

__all__ = ["PAIRS"]


# -- hazards ---------------------------------------------------------------------------------------------------------------
def gaussian_tail(shape, fmt, rng):
    """From where the Gaussian is small to where it has underflowed, in the dtype: x^2 must be known to many digits."""
    return uniform(shape, rng) * (-2.0 * fmt.log_smallest) ** 0.5


def negative_gaussian_tail(shape, fmt, rng):
    return -gaussian_tail(shape, fmt, rng)


def open_interval(shape, fmt, rng):
    """Multiples of 2^-10 strictly between -1 and 1."""
    return 2.0 * uniform(shape, rng, 10) - 1.0


def close_to_the_ends(shape, fmt, rng):
    """1 minus odd multiples of u, and the negatives."""
    return (1.0 - fmt.u * (2.0 * rng.integers(0, 8, size=shape) + 1.0)) * (2.0 * rng.integers(0, 2, size=shape) - 1.0)


def tiny_probabilities(shape, fmt, rng):
    """Probabilities over all binades below 1/2, down to the smallest number."""
    exponents = rng.integers(2 - fmt.max_exponent - fmt.precision, -1, size=shape)
    return (1.0 + uniform(shape, rng)) * 2.0**exponents


# -- kinds -----------------------------------------------------------------------------------------------------------------
def _real():
    return Real("x").also(
        gaussian_tail=gaussian_tail,
        negative_gaussian_tail=negative_gaussian_tail,
        table_edges=near([0.25, 0.3125, 1.0, 1.125, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, -0.25, -1.0, -4.0]),
    )


def _between_minus_one_and_one():
    inside = Real("x").only("signed_zeros", "subnormals", "smallest_normals", "epsilons", "near_one", "infinities", "nans")
    return inside.also(
        open_interval=open_interval,
        close_to_the_ends=close_to_the_ends,
        outside=listed([1.5, -1.5, 2.0, -100.0]),
    )


def _probability():
    return Probability("x").also(
        tiny_probabilities=tiny_probabilities,
        signed_zeros=listed([0.0, -0.0]),
        outside=listed([-0.5, 1.5, 2.0, -1.0]),
        infinities=listed([float("inf"), float("-inf")]),
    )


NO_HALF = {("torch", dtype, "*"): "torch has no CPU kernel for this dtype" for dtype in ("float16", "bfloat16")}


# -- pairs -----------------------------------------------------------------------------------------------------------------
PAIRS = (
    Pair(
        "special.erf",
        (_real(),),
        torch="torch.special.erf",
        scipy="scipy.special.erf",
        knots=(0.0, 1e-30, 1.0, 3.8325, -3.8325, 5.92),
    ),
    Pair(
        "special.erfc",
        (_real(),),
        torch="torch.special.erfc",
        scipy="scipy.special.erfc",
        knots=(0.25, 9.19, 10.05, 25.3, 26.5, -5.9),
    ),
    Pair(
        "special.erfinv",
        (_between_minus_one_and_one(),),
        torch="torch.special.erfinv",
        scipy="scipy.special.erfinv",
        knots=(0.5, -0.5, 0.75, 0.96875, -0.96875),
    ),
    Pair(
        "special.ndtr",
        (_real(),),
        torch="torch.special.ndtr",
        scipy="scipy.special.ndtr",
        knots=(0.3535533905932738, -5.5, -8.3, -13.0, -14.2, -37.5, -38.4),
    ),
    Pair(
        "special.log_ndtr",
        (_real().also(both_sides_of_zero=listed([-1e-3, 1e-3, -0.5, 0.5, -2.0, 2.0, -6.0, 6.0])),),
        torch="torch.special.log_ndtr",
        scipy="scipy.special.log_ndtr",
        knots=(-1.0, 0.0, 5.0, -5.0, -20.0, 8.3, 37.5),
        without=NO_HALF,
    ),
    Pair(
        "special.ndtri",
        (_probability(),),
        torch="torch.special.ndtri",
        scipy="scipy.special.ndtri",
        knots=(0.25, 0.75, 0.015625, 0.1353352832366127),
        without=NO_HALF,
    ),
)
