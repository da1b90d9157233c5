"""The referee is refereed: rounding against exact rationals, functions and derivatives against mpmath, proofs that fail."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

from parity import oracle
from parity.definitions._functions import elementwise, inf
from parity.formats import DTYPES, FORMATS
from parity.real import Real, Tape, Undecided
from parity.rounding import nearest, split
from parity.truth.reach import reach


def exactly_rounded(x: Fraction, dtype: str) -> float:
    """x to nearest even in `dtype`, by integer arithmetic alone."""
    fmt = FORMATS[dtype]
    if x == 0:
        return 0.0
    exponent = (
        max(math.frexp(float(abs(x)))[1] - 1, 1 - fmt.max_exponent) if abs(x) > Fraction(1, 2**1080) else 1 - fmt.max_exponent
    )
    if abs(x) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    step = Fraction(2) ** (exponent - fmt.precision + 1)
    steps = round(x / step)  # Python rounds halves to even
    value = steps * step
    return math.copysign(math.inf, x) if abs(value) > Fraction(fmt.max) else float(value)


def _samples(dtype: str, n: int = 3000):
    """Random numbers, midpoints of the format, and midpoints a hair's breadth off, normal and subnormal."""
    rng = np.random.Generator(np.random.PCG64(7))
    fmt = FORMATS[dtype]
    for k in range(n):
        exponent = int(rng.integers(2 - fmt.max_exponent - fmt.precision, fmt.max_exponent + 1))
        head = Fraction(int(rng.integers(1 << (fmt.precision - 1), 1 << fmt.precision)))
        tail = [Fraction(0), Fraction(1, 2), Fraction(1, 2) + Fraction(1, 2**60), Fraction(1, 2) - Fraction(1, 2**60)][k % 4]
        sign = -1 if k % 3 == 0 else 1
        yield sign * (head + tail) * Fraction(2) ** (exponent - fmt.precision + 1)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_rounds_once_to_nearest_even(dtype):
    before = ctx.prec
    ctx.prec = 400
    try:
        for x in _samples(dtype):
            ball = arb(x.numerator) / arb(x.denominator)
            hi, lo, _ = split(ball)
            got = float(nearest(np.array(hi), np.array(lo), dtype).astype(np.float64))
            assert got == exactly_rounded(x, dtype), (float(x).hex(), dtype)
    finally:
        ctx.prec = before


def test_one_more_than_a_midpoint_is_not_rounded_twice():
    """1 + 2^-24 + 2^-60 is nearer to 1 + 2^-23 in float32; through float64 it becomes the midpoint and then 1."""
    ctx.prec = 200
    hi, lo, _ = split(1 + arb(2) ** -24 + arb(2) ** -60)
    assert nearest(np.array([hi]), np.array([lo]), "float32")[0] == np.float32(1 + 2**-23)
    assert np.float32(float(1 + Fraction(1, 2**24) + Fraction(1, 2**60))) == 1


METHODS = {
    "exp": ("exp", [-20.5, -1e-9, 0.0, 3.25]),
    "log": ("log", [0.5, 1.25, 7.5]),
    "log1p": ("log1p", [-0.75, 1e-12, 5.0]),
    "expm1": ("expm1", [-3.0, 1e-12, 5.0]),
    "sqrt": ("sqrt", [0.25, 2.0, 1e30]),
    "tanh": ("tanh", [-3.0, 1e-9, 0.5, 20.0]),
    "erf": ("erf", [-2.0, 1e-9, 0.5, 4.0]),
    "erfc": ("erfc", [-2.0, 0.5, 4.0, 25.0]),
    "lgamma": ("loggamma", [0.25, 1.5, 30.0]),
    "digamma": ("digamma", [-2.5, 0.25, 1.5, 30.0]),
    "sin": ("sin", [-2.0, 0.5, 1e5]),
    "cos": ("cos", [-2.0, 0.5, 1e5]),
}


@pytest.mark.parametrize("name", METHODS)
def test_functions_and_derivatives_agree_with_mpmath(name):
    import mpmath

    theirs, points = METHODS[name]
    ctx.prec = 200
    with mpmath.workdps(60):
        for x in points:
            Tape.records = []
            leaf = Real(x)
            y = getattr(leaf, name)()
            Tape.records = None
            value, slope = getattr(mpmath, theirs)(mpmath.mpf(x)), mpmath.diff(getattr(mpmath, theirs), mpmath.mpf(x))
            assert float(y.value) == pytest.approx(float(mpmath.re(value)), rel=1e-15, abs=0)
            if x != 0.0:
                assert float(y.edges[0][1]) == pytest.approx(float(mpmath.re(slope)), rel=1e-12, abs=0)


def test_the_extended_reals():
    special = [math.inf, -math.inf, math.nan, 0.0, 1.0, -2.0]
    for a in special:
        for b in special:
            for op in ("__add__", "__sub__", "__mul__", "__truediv__"):
                got = float(getattr(Real(a), op)(Real(b)).value)
                with np.errstate(all="ignore"):
                    want = float(getattr(np.float64(a), op)(np.float64(b)))
                assert got == want or (math.isnan(got) and math.isnan(want)), (a, op, b)


def test_overlapping_balls_are_not_compared():
    ctx.prec = 53
    wide = Real(arb(1, 1e-3))
    with pytest.raises(Undecided):
        _ = wide > 1.0


def test_precision_rises_until_the_rounding_is_proven():
    def cancelling(x):
        return (1 + np.exp(-x)) - 1  # at x = 700 this needs about 1000 bits

    (t,) = oracle.forward(cancelling, [np.array([700.0])], {}, "float64")
    assert t.value[0] == pytest.approx(math.exp(-700.0), rel=1e-13)


def test_what_cannot_be_proven_is_refused():
    @elementwise({inf: (0.0, 0.0), -inf: (0.0, 0.0)})
    def never(x):
        return np.where([bool(v * 0 + arb(0, 1) > 0) for v in x], x, x)

    with pytest.raises(oracle.OracleError, match="could not be decided"):
        oracle.forward(never, [np.array([1.0])], {}, "float64")


def test_a_limit_that_is_not_stated_is_refused():
    @elementwise()
    def identity(x):
        return x

    with pytest.raises(oracle.OracleError, match="limit"):
        oracle.forward(identity, [np.array([math.inf])], {}, "float64")


def test_gradient_is_the_transposed_jacobian():
    def quadratic(x, w):
        return np.einsum("ij,j,i->i", w, x, x)

    x, w, dy = np.array([1.0, -2.0, 0.5]), np.arange(9.0).reshape(3, 3) - 4, np.array([1.0, 3.0, -2.0])
    dx, dw = oracle.backward(quadratic, [dy], [x, w], {}, [True, True], "float64")
    np.testing.assert_array_equal(dx.value, dy * (w @ x) + w.T @ (dy * x))
    np.testing.assert_array_equal(dw.value, np.outer(dy * x, x))


def test_the_sixteen_bit_formats_are_the_real_ones():
    for name, fmt in FORMATS.items():
        if name != "bfloat16":
            info = np.finfo(DTYPES[name])
            assert (fmt.max, fmt.tiny, fmt.smallest, fmt.eps) == tuple(
                map(float, (info.max, info.tiny, info.smallest_subnormal, info.eps))
            )


def test_a_constant_that_calls_share_depends_on_nothing():
    shared = Real(1.0)
    shared.gradient = arb(3)  # of another call
    found = reach(lambda x: np.array([shared, x[0] * shared, x[0] + x[1]], object), [np.array([2.0, 3.0])], {})
    assert found.terms(0, (3,)).tolist() == [0.0, 1.0, 2.0]
