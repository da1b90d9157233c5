"""The rounding is refereed by MPFR: 100,000 values for each dtype, most of them where a rounding goes wrong.

A value is an exact fraction.  It enters ours as a ball, exact or narrow, and MPFR as a rational: nothing is shared.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import gmpy2
import numpy as np
import pytest
from flint import arb, ctx, fmpq
from gmpy2 import mpfr, mpq

from parity.formats import DTYPES, FORMATS, Format
from parity.rounding import is_proven, nearest, split, to_odd

COUNT = 100_000
HAIR = 150
"""A midpoint is also tried 2^-150 of itself off: too little for hi + lo to hold, enough to decide."""
NARROW = 180
"""The radius of a narrow ball is 2^-180 of its middle."""


@contextmanager
def bits(precision: int):
    """python-flint at this precision."""
    before, ctx.prec = ctx.prec, precision
    try:
        yield
    finally:
        ctx.prec = before


# -- values: (numerator, denominator) ------------------------------------------------------------------------------------
def scaled(m: int, e: int) -> mpq:
    """m 2^e."""
    return mpq(m << e) if e >= 0 else mpq(m, 1 << -e)


def random_integer(rng, size: int) -> int:
    """An integer of exactly `size` bits."""
    words = (int(w) for w in rng.integers(0, 1 << 32, size=-(-size // 32), dtype=np.uint64))
    m = sum(w << 32 * i for i, w in enumerate(words))
    return m >> (-size % 32) | 1 << (size - 1)


def exponent(fmt: Format, rng, margin: int) -> int:
    """The exponent of a leading bit: of any number of the format, or up to `margin` outside its range."""
    return int(rng.integers(2 - fmt.max_exponent - fmt.precision - margin, fmt.max_exponent + margin + 1))


def reals(fmt, rng, n):
    """200 random bits, from below half the smallest subnormal to beyond overflow; every fourth is not dyadic."""
    for k in range(n):
        x = scaled(random_integer(rng, 200), exponent(fmt, rng, 4) - 199)
        yield x if k % 4 else x * mpq(1 << 60, random_integer(rng, 60) | 1)


def midpoint(fmt, rng) -> mpq:
    """Half-way between two neighbours, normal or subnormal; the lower one is even or odd."""
    e = max(exponent(fmt, rng, 0), 1 - fmt.max_exponent) if rng.integers(4) else 1 - fmt.max_exponent
    lowest = 1 << (fmt.precision - 1) if e > 1 - fmt.max_exponent else 0
    k = int(rng.integers(lowest, 1 << fmt.precision))
    return scaled(2 * k + 1, e - fmt.precision)


def midpoints(fmt, rng, n):
    """Midpoints, exact."""
    return (midpoint(fmt, rng) for _ in range(n))


def off_midpoints(fmt, rng, n):
    """Midpoints and a hair more or less."""
    return (midpoint(fmt, rng) * (1 + mpq(int(2 * rng.integers(2) - 1), 1 << HAIR)) for _ in range(n))


def powers(fmt, rng, n):
    """Powers of two, their two neighbours, the midpoints between these, and each a hair off."""
    for _ in range(n):
        e = exponent(fmt, rng, 2)
        spacing = scaled(1, max(e, 1 - fmt.max_exponent) - fmt.precision + 1)
        step = mpq(int(rng.integers(-4, 5)), 4)
        x = scaled(1, e) + step * spacing if rng.integers(8) else scaled(1, e)
        yield x * (1 + mpq(int(rng.integers(-1, 2)), 1 << HAIR))


def thresholds(fmt, rng, n):
    """The largest number, what rounds to it and what overflows, and the same at half the smallest subnormal."""
    last = scaled(1, fmt.max_exponent - fmt.precision + 1)
    for k in range(n):
        quarters, hair = mpq(int(rng.integers(-8, 9)), 4), 1 + mpq(int(rng.integers(-1, 2)), 1 << HAIR)
        x = mpq(fmt.max) + last / 2 + quarters * last if k % 2 else mpq(fmt.smallest) * abs(1 + quarters)
        yield x * hair


KINDS = {reals: 40_000, midpoints: 20_000, off_midpoints: 20_000, powers: 12_000, thresholds: 8_000}


@cache
def values(dtype: str) -> tuple[mpq, ...]:
    """The values of a dtype with random signs."""
    rng, fmt = np.random.Generator(np.random.PCG64(2024)), FORMATS[dtype]
    unsigned = [x for make, n in KINDS.items() for x in make(fmt, rng, n)]
    signs = (2 * rng.integers(0, 2, size=len(unsigned)) - 1).tolist()
    return tuple(s * x for s, x in zip(signs, unsigned, strict=True))


# -- theirs ----------------------------------------------------------------------------------------------------------------
def mpfr_context(fmt: Format, mode=gmpy2.RoundToNearest):
    """MPFR with the precision, the range and the subnormals of a format (its significands are in [1/2, 1))."""
    lowest = 3 - fmt.max_exponent - fmt.precision
    return gmpy2.context(
        precision=fmt.precision, emin=lowest, emax=fmt.max_exponent + 1, subnormalize=True, round=mode, allow_complex=False
    )


def by_mpfr(fractions, dtype: str) -> np.ndarray:
    """The fractions rounded by MPFR to nearest even, as float64."""
    with mpfr_context(FORMATS[dtype]):
        return np.array([float(mpfr(x)) for x in fractions])


@cache
def expected(dtype: str) -> np.ndarray:
    """The values of a dtype, rounded by MPFR."""
    return by_mpfr(values(dtype), dtype)


# -- ours ------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Halves:
    """What `split` makes of many balls."""

    hi: np.ndarray
    lo: np.ndarray
    slack: np.ndarray

    def rounded(self, dtype: str) -> np.ndarray:
        """The nearest numbers of a dtype, as float64."""
        return nearest(self.hi, self.lo, dtype).astype(np.float64)


@cache
def halves(dtype: str, radius: int = 0) -> Halves:
    """The values as balls of relative radius 2^-radius (0: as narrow as 400 bits make them, exact where dyadic)."""
    with bits(400):
        unit = arb(0, arb(2) ** -radius if radius else 0)
        balls = (arb(fmpq(int(x.numerator), int(x.denominator))) for x in values(dtype))
        parts = np.array([split(b + b * unit if radius else b) for b in balls])
    return Halves(*parts.T.copy())


def unlike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two float64 arrays differ, the sign of zero included."""
    return a.view(np.int64) != b.view(np.int64)


def examples(dtype: str, wrong: np.ndarray, got: np.ndarray) -> str:
    """The first few values that came out wrong, for the message."""
    shown = [(str(values(dtype)[i]), got[i].hex(), expected(dtype)[i].hex()) for i in np.flatnonzero(wrong)[:3]]
    return f"{int(wrong.sum())} of {len(wrong)} wrong, (value, ours, MPFR's): {shown}"


def ends(dtype: str, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of each ball, rounded by MPFR."""
    low, high = 1 - mpq(1, 1 << radius), 1 + mpq(1, 1 << radius)
    return by_mpfr((x * low for x in values(dtype)), dtype), by_mpfr((x * high for x in values(dtype)), dtype)


# -- the tests -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_values_round_as_in_mpfr(dtype):
    assert len(values(dtype)) == COUNT
    got = halves(dtype).rounded(dtype)
    wrong = unlike(got, expected(dtype))
    assert not wrong.any(), examples(dtype, wrong, got)


@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_values_are_proven(dtype):
    """A midpoint that is exact is decided by the even rule; there is nothing to doubt."""
    h = halves(dtype)
    assert is_proven(h.hi, h.lo, h.slack, dtype).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_narrow_balls_are_proven_exactly_where_both_ends_round_alike(dtype):
    low, high = ends(dtype, NARROW)
    h = halves(dtype, NARROW)
    alike, proven = ~unlike(low, high), is_proven(h.hi, h.lo, h.slack, dtype)
    assert (~alike).sum() > 10_000, "hardly a ball is left on a midpoint"
    np.testing.assert_array_equal(proven, alike)
    assert not (unlike(h.rounded(dtype), low) & alike).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("radius", [60, 54])
def test_wide_balls_are_proven_only_where_both_ends_round_alike(dtype, radius):
    low, high = ends(dtype, radius)
    h = halves(dtype, radius)
    proven = is_proven(h.hi, h.lo, h.slack, dtype)
    assert not (unlike(low, high) & proven).any()
    assert not (unlike(h.rounded(dtype), low) & proven).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_rounding_to_odd_is_truncation_that_remembers(dtype):
    with mpfr_context(FORMATS["float64"], gmpy2.RoundToZero):
        truncated = [mpfr(x) for x in values(dtype)]
    sticky = np.array([t.rc != 0 for t in truncated])
    want = (np.array([float(t) for t in truncated]).view(np.int64) | sticky).view(np.float64)
    h = halves(dtype)
    kept = np.isfinite(h.hi) & (np.abs(h.hi) >= 2.0**-920)  # a hair of less than that underflows in lo
    wrong = unlike(to_odd(h.hi, h.lo), want) & kept
    assert not wrong.any(), examples(dtype, wrong, to_odd(h.hi, h.lo))


@pytest.mark.parametrize("dtype", DTYPES)
def test_zeros_keep_their_sign(dtype):
    zeros = np.array([0.0, -0.0, split(arb(0))[0]])
    np.testing.assert_array_equal(np.signbit(nearest(zeros, np.zeros(3), dtype).astype(np.float64)), [False, True, False])
    with mpfr_context(FORMATS[dtype]):
        assert np.signbit(float(mpfr(-0.0)))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_rounding_twice_is_caught(dtype):
    """The mutation: through float64, whose rounding lands on a midpoint of the narrower format."""
    with np.errstate(over="ignore"):
        twice = halves(dtype).hi.astype(DTYPES[dtype]).astype(np.float64)
    assert unlike(twice, expected(dtype)).sum() > 5_000


GAPS = {
    "below_a_power_of_two": lambda: 1 + arb(0, 0.75 * 2.0**-53),
    "radius_underflows": lambda: arb(2) ** -900 * (1 + arb(2) ** -53) * (1 + arb(0, arb(2) ** -NARROW)),
    "one_subnormal_wide": lambda: arb(2) ** -1030 * (1 + arb(0, arb(2) ** -44)),
    "at_the_largest_number": lambda: arb(FORMATS["float64"].max) + arb(0, arb(2) ** 980),
    "beyond_the_largest_number": lambda: arb(2) ** 1024 + arb(0, arb(2) ** 1010),
}
"""Balls that reach into the rounding interval of a neighbour."""


@pytest.mark.parametrize("name", GAPS)
def test_a_ball_that_reaches_a_neighbour_is_not_proven(name):
    with bits(400):
        parts = (np.array([part]) for part in split(GAPS[name]()))
        assert not is_proven(*parts, "float64").any()
