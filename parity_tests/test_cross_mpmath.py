"""The truth is refereed by mpmath: every elementwise definition and its slope against an independent formula.

The oracle stops as soon as the rounding of hi is proven; here it goes on until lo is known as well (`to_the_last_bit`), so
that a definition is held to 2^-100, and with it a constant that is right only to double precision is seen.
"""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest
from mpmath import exp, log, mp, mpf, sqrt, workprec

from parity import oracle
from parity.definitions import _functions as f
from parity.definitions._functions import elementwise
from parity.loader import catalogue, definition
from parity.rounding import is_proven
from parity_tests.mpmath_formulas import BITS, FORMULAS, Formula

POINTS, SLOPES, VARIANT_POINTS, ROWS = 1000, 200, 100, 50
OPS = [op for op in catalogue() if getattr(definition(op), "kind", "") == "elementwise"]
CLOSE = mpf(2) ** -100
SMALL = 1e-290
"""Below this lo underflows, and hi alone is judged."""


@pytest.fixture
def to_the_last_bit(monkeypatch):
    """Let the oracle call a result proven only when hi + lo is known to 2^-102."""

    def is_known(hi, lo, slack, dtype):
        with np.errstate(invalid="ignore"):
            fine = (slack <= np.abs(hi) * 2.0**-102) | (np.abs(hi) < SMALL) | ~np.isfinite(hi)
        return is_proven(hi, lo, slack, dtype) & fine

    monkeypatch.setattr(oracle, "is_proven", is_known)


# -- points --------------------------------------------------------------------------------------------------------------
def magnitudes(rng, n: int, lowest: int, highest: int) -> np.ndarray:
    """Random significands, both signs, on exponents spread evenly from lowest to highest."""
    significands = 1 + rng.integers(0, 1 << 52, size=n) * 2.0**-52
    signs = 2 * rng.integers(0, 2, size=n) - 1
    return np.ldexp(signs * significands, np.linspace(lowest, highest, n).round().astype(int))


def points_of(op: str, count: int) -> np.ndarray:
    """Knots with both neighbours, then ordinary values, every magnitude, and what lies close to the ends of the domain."""
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(op.encode())))
    formula, knots = FORMULAS[op], np.array(catalogue()[op].knots)
    ends = [end + magnitudes(rng, count, -52, -2) for end in (formula.low, formula.high) if abs(end) == 1]
    ordinary = rng.integers(-(1 << 40), 1 << 40, size=count) * 2.0**-36
    pool = [ordinary, ordinary / 8, magnitudes(rng, count, -1074, 1023), magnitudes(rng, count, -40, 11), *ends]
    fill = rng.permutation(np.concatenate([*pool, np.abs(pool[1]) % 1]))
    x = np.concatenate([np.nextafter(knots, -np.inf), knots, np.nextafter(knots, np.inf), fill])
    return x[(x >= formula.low) & (x <= formula.high)][:count]


def option_sets(op: str) -> list[dict]:
    """The pair's own options, then those of its variants."""
    pair = catalogue()[op]
    sets = [{**pair.options, **v.options} for v in pair.variants if v.options]
    return [dict(pair.options)] + [s for i, s in enumerate(sets) if s not in sets[:i]]


# -- comparing -----------------------------------------------------------------------------------------------------------
def overflows(want) -> bool:
    """Whether `want` rounds to an infinite float64."""
    return abs(want) >= mpf(2) ** 1024 - mpf(2) ** 970


def agrees(want, hi: float, lo: float) -> bool:
    """hi is `want` rounded to float64, and hi + lo is `want` to 2^-100."""
    if mp.isnan(want) or math.isnan(hi):
        return bool(mp.isnan(want)) and math.isnan(hi)
    if math.isinf(hi) or overflows(want):
        return math.isinf(hi) and overflows(want) and (hi > 0) == (want > 0)
    if abs(want - hi) > mpf(math.ulp(hi)) / 2 * (1 + CLOSE):
        return False
    return abs(hi) < SMALL or abs(want - hi - mpf(lo)) <= CLOSE * abs(want)


def disagreements(wanted, truth, names) -> list[str]:
    """A line for each number of the truth that is not the wanted one."""
    rows = zip(names, wanted, truth.hi.ravel().tolist(), truth.lo.ravel().tolist(), strict=True)
    return [f"at {n}: mpmath {mp.nstr(w, 25)}, oracle {h!r} + {r!r}" for n, w, h, r in rows if not agrees(w, h, r)]


def wrong_values(formula: Formula, defined, x: np.ndarray, options: dict) -> list[str]:
    """Where a definition and a formula have different values."""
    (truth,) = oracle.forward(defined, [x], options, "float64")
    with workprec(BITS):
        return disagreements([formula.value(mpf(v), **options) for v in x.tolist()], truth, [v.hex() for v in x.tolist()])


def wrong_slopes(formula: Formula, defined, x: np.ndarray, options: dict) -> list[str]:
    """Where the gradient of a definition and the slope of a formula differ."""
    (truth,) = oracle.backward(defined, [np.ones(x.shape)], [x], options, [True], "float64")
    with workprec(BITS):
        return disagreements([formula.slope(mpf(v), **options) for v in x.tolist()], truth, [v.hex() for v in x.tolist()])


def check(wrong: list[str]) -> None:
    assert not wrong, f"{len(wrong)} disagree: " + "; ".join(wrong[:3])


# -- the elementwise ops ---------------------------------------------------------------------------------------------------
def test_every_elementwise_op_has_a_formula():
    assert sorted(FORMULAS) == sorted(OPS)


@pytest.mark.parametrize("op", OPS)
def test_value(op, to_the_last_bit):
    x = points_of(op, POINTS)
    assert len(x) == POINTS
    check(wrong_values(FORMULAS[op], definition(op), x, option_sets(op)[0]))


@pytest.mark.parametrize("op", OPS)
def test_value_as_the_suite_sees_it(op):
    """Without the demand on lo: hi is the rounded value, whatever the precision at which the oracle stopped."""
    x = points_of(op, SLOPES)
    options = option_sets(op)[0]
    (truth,) = oracle.forward(definition(op), [x], options, "float64")
    with workprec(BITS):
        wanted = [FORMULAS[op].value(mpf(v), **options) for v in x.tolist()]
    lo = [float(w - h) if math.isfinite(h) else 0.0 for w, h in zip(wanted, truth.hi.tolist(), strict=True)]
    check([v.hex() for v, w, h, r in zip(x.tolist(), wanted, truth.hi.tolist(), lo, strict=True) if not agrees(w, h, r)])


@pytest.mark.parametrize("op", OPS)
def test_slope(op, to_the_last_bit):
    x = points_of(op, SLOPES)
    check(wrong_slopes(FORMULAS[op], definition(op), x, option_sets(op)[0]))


@pytest.mark.parametrize("op", [op for op in OPS if len(option_sets(op)) > 1])
def test_options(op, to_the_last_bit):
    x = points_of(op, VARIANT_POINTS)
    for options in option_sets(op)[1:]:
        check(wrong_values(FORMULAS[op], definition(op), x, options))
        check(wrong_slopes(FORMULAS[op], definition(op), x, options))


# -- wrong definitions: the check is red ---------------------------------------------------------------------------------
@elementwise(odd=True)
def gelu_with_two_digits(x, approximate="tanh"):
    return x / 2 * (1 + np.tanh(0.79 * (x + f.ratio(44715, 1_000_000) * x**3)))


@elementwise(odd=True)
def gelu_with_doubles(x, approximate="tanh"):
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


@elementwise()
def digamma_off_by_1e_25(x):
    return f.digamma(x) * (1 + f.ratio(1, 10**25))


@elementwise()
def softplus_without_threshold(x):
    return np.log1p(np.exp(x))


@elementwise()
def lgamma_off_by_1e_40(x):
    return f.lgamma(x) + 1e-40


@elementwise()
def sinc_without_pi(x):
    return np.sin(x) / x


@elementwise()
def relu6_that_leaks(x):
    return f.where(x <= 0, 0, f.where(x > 6, 6 + (x - 6) * 2.0**-90, x))


WRONG = [
    (gelu_with_two_digits, "activations.gelu", {"approximate": "tanh"}),
    (gelu_with_doubles, "activations.gelu", {"approximate": "tanh"}),
    (digamma_off_by_1e_25, "special.digamma", {}),
    (softplus_without_threshold, "activations.softplus", {}),
    (lgamma_off_by_1e_40, "special.lgamma", {}),
    (sinc_without_pi, "special.sinc", {}),
    (relu6_that_leaks, "activations.relu6", {}),
]


@pytest.mark.parametrize(("wrong", "op", "options"), WRONG, ids=lambda v: getattr(v, "__name__", None))
def test_a_wrong_definition_is_seen(wrong, op, options, to_the_last_bit):
    x = points_of(op, SLOPES)
    x = x[(x != 0) & (x != np.floor(x)) & (np.abs(x) < 1e6)]
    assert not wrong_values(FORMULAS[op], definition(op), x, options)
    assert wrong_values(FORMULAS[op], wrong, x, options)


def test_a_wrong_slope_is_seen(to_the_last_bit):
    """The values of relu, with its slope at 0 taken from the right: only the slope of a knot tells."""
    x = np.array([-1.0, 0.0, 2.0])
    leaning = elementwise()(lambda x: f.where(x >= 0, x, 0))
    assert not wrong_values(FORMULAS["activations.relu"], leaning, x, {})
    assert len(wrong_slopes(FORMULAS["activations.relu"], leaning, x, {})) == 1


# -- rows: textbook formulas in another form, on lists ---------------------------------------------------------------------
def pairwise_spread(x):
    """sum_{i<j} (x_i - x_j)^2 / n, which is sum_i (x_i - mean)^2."""
    return sum((a - b) ** 2 for i, a in enumerate(x) for b in x[:i]) / len(x)


def layer_norm(x, weight, bias):
    """With x_i - mean as the mean of x_i - x_j."""
    root = sqrt(pairwise_spread(x) / len(x) + mpf(1e-5))
    return [w * sum(a - b for b in x) / len(x) / root + c for a, w, c in zip(x, weight, bias, strict=True)]


def cosine(a, b):
    """The law of cosines: (|a|^2 + |b|^2 - |a - b|^2) / (2 |a| |b|)."""
    squares = [sum(v * v for v in row) for row in (a, b, [p - q for p, q in zip(a, b, strict=True)])]
    return [(squares[0] + squares[1] - squares[2]) / (2 * sqrt(squares[0] * squares[1]))]


def cross_entropy(x, target):
    """log sum_j e^(x_j - x_t)."""
    return [log(sum(exp(v - x[target]) for v in x))]


# op -> (how many float rows it takes, options, formula)
ROW_FORMULAS = {
    "special.logsumexp": (1, {}, lambda x: [log(sum(exp(v) for v in x))]),
    "activations.softmax": (1, {}, lambda x: [1 / sum(exp(v - u) for v in x) for u in x]),
    "normalization.layer_norm": (3, {"normalized_shape": (6,)}, layer_norm),
    "reductions.var": (1, {}, lambda x: [pairwise_spread(x) / (len(x) - 1)]),
    "similarity.cosine_similarity": (2, {"axis": 0}, cosine),
    "losses.cross_entropy": (1, {}, cross_entropy),
}


def random_rows(rng, count: int) -> list[np.ndarray]:
    """Rows of six, of ordinary numbers, of far larger ones, or on a large common offset."""
    kind = int(rng.integers(3))
    unit = rng.integers(-(1 << 40), 1 << 40, size=(count, 6)) * 2.0**-38
    return list(unit * [1.0, 2.0**6, 1.0][kind] + [0.0, 0.0, 2.0**20][kind])


@pytest.mark.parametrize("op", ROW_FORMULAS)
def test_rows(op, to_the_last_bit):
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(op.encode())))
    count, options, formula = ROW_FORMULAS[op]
    for _ in range(ROWS):
        rows = random_rows(rng, count)
        target = [int(rng.integers(6))] if op == "losses.cross_entropy" else []
        (truth,) = oracle.forward(definition(op), [*rows, *map(np.asarray, target)], options, "float64")
        with workprec(8 * BITS):  # an unshifted exponential of 2^20 is no hurdle with bits enough for what cancels
            wanted = formula(*([mpf(v) for v in row.tolist()] for row in rows), *target)
            check(disagreements(wanted, truth, [f"{op}{[row.tolist() for row in rows]}"] * len(wanted)))
