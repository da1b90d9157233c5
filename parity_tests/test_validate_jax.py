"""JAX's own functions as candidates (`pip install -e '.[jax]' && pytest parity_tests/test_validate_jax.py`).

XLA on a CPU flushes subnormals to zero, and many of JAX's gradients are compositions that lose small results, so few of its
functions are at parity at hostile inputs.  `FUNCTIONS` says which differ, forward and backward, and why.  Each failing element
must be explained by one of `REASONS`, and at the worst one of each failed check mpmath, by another formula, says that the truth
is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp, mpf, workprec

from parity.asking import Isolated
from parity.compare import units_of
from parity.grading import Grading
from parity.hostile import FORMATS
from parity.isolation import Candidate, Guest
from parity.judging import Seen
from parity.loader import catalogue
from parity_tests.mpmath_formulas import BITS, FORMULAS

pytest.importorskip("jax", reason="needs JAX: pip install -e '.[jax]'")

NN, SPECIAL = "jax.nn:", "jax.scipy.special:"
OWN = f"{Path(__file__).parent / 'guests' / 'jax_ops.py'}:"

REASONS = {
    "flush": "XLA on a CPU takes and returns subnormals as zeros, in between as well",
    "nan": "the gradient at nan is a number",
    "overflow": "a square or product overflows on the way to a finite result, or two infinities are subtracted",
    "pole": "nan at 0, where the function goes to the infinity of the zero's sign",
    "no dimension": "its axis -1 does not exist in an array without dimensions",
    "units": "right, but to fewer digits: by up to 8192 units (in float32: to three digits)",
    "digits": "right beside the largest, but small results are differences of larger numbers and keep few digits or none",
    "other": "another definition: see the row",
}
MANY_UNITS = 8192


def _f(spec, op, forward="", backward="", dtypes=("float32",)):
    return pytest.param(spec, op, forward, backward, dtypes, id=f"{spec.split('/')[-1]}-{op}")


BOTH, THREE = ("float32", "float64"), ("float32", "float64", "bfloat16")
FUNCTIONS = [
    _f(NN + "relu", "activations.relu", "flush", "flush, nan", THREE),
    _f(NN + "relu6", "activations.relu6", "flush", "flush, nan"),
    _f(NN + "silu", "activations.silu", "flush, units", "flush, overflow, units, digits", THREE),
    _f(NN + "sigmoid", "activations.sigmoid", "flush", "flush, digits", BOTH),
    # without torch's threshold of 20: above it torch, and the op, are x itself
    _f(NN + "softplus", "activations.softplus", "flush, units, other", "flush, units, other", BOTH),
    _f(NN + "log_sigmoid", "activations.logsigmoid", "flush, units", "flush, units"),
    _f(NN + "elu", "activations.elu", "flush, units", "flush, units, digits"),
    _f(NN + "selu", "activations.selu", "flush, units", "flush, units, digits"),
    # the slope at 0 is 1, torch's is negative_slope
    _f(NN + "leaky_relu", "activations.leaky_relu", "flush", "flush, units, other", BOTH),
    _f(NN + "hard_swish", "activations.hardswish", "flush, units", "units, digits"),
    _f(NN + "hard_sigmoid", "activations.hardsigmoid", "", "units", THREE),
    _f(NN + "soft_sign", "activations.softsign", "flush", "flush, units, digits"),
    _f(NN + "softmax", "activations.softmax", "flush, no dimension, units", "flush, no dimension, units, digits"),
    _f(NN + "log_softmax", "activations.log_softmax", "no dimension", "no dimension"),
    _f(OWN + "gelu", "activations.gelu", "flush, units, digits", "flush, overflow, units, digits"),
    _f(OWN + "logsumexp", "special.logsumexp", "no dimension", "no dimension, flush, units"),
    _f(SPECIAL + "erf", "special.erf", "flush, units", "flush, units", BOTH),
    _f(SPECIAL + "erfc", "special.erfc", "flush, units", "flush, units"),
    _f(SPECIAL + "expit", "activations.sigmoid", "flush", "flush, digits"),
    _f(SPECIAL + "gammaln", "special.lgamma", "flush, units, digits", "flush, units, digits, pole"),
    # its derivative, polygamma, is a series for x > 0: left of 0 it is another number altogether
    _f(SPECIAL + "digamma", "special.digamma", "flush, units, digits, pole", "flush, nan, overflow, units, digits, other"),
    _f(SPECIAL + "ndtr", "special.ndtr", "", "flush, units"),
    # far to the left its slope is 1 instead of -x: the exponential of a difference of two squares of which nothing is left
    _f(SPECIAL + "log_ndtr", "special.log_ndtr", "flush, units, digits, overflow", "flush, units, overflow, other"),
    _f(SPECIAL + "xlogy", "special.xlogy", "flush", "flush, units"),
    _f(SPECIAL + "entr", "special.entr", "flush", "flush"),
]


@pytest.mark.parametrize(("spec", "op", "forward", "backward", "dtypes"), FUNCTIONS)
def test_jax_is_at_parity_but_for_named_differences(spec, op, forward, backward, dtypes, table):
    pair = catalogue()[op]
    with Guest(Candidate(spec)) as guest:
        grading = Grading(op, Isolated(guest, pair), table)
        grades = grading.grades(dtypes)
    assert {g.grade for g in grades} <= {"tight", "parity", "fail"}
    assert all(g.checks >= 10 for g in grades)
    found: dict[str, set[str]] = {"forward": set(), "backward": set()}
    for check, seen in grading.failed:
        found[check.direction] |= set(_reasons(seen, check.dtype))
        _assert_mpmath_confirms_the_truth(seen)
    wanted = {"forward": forward, "backward": backward}
    assert found == {d: set(w.split(", ")) - {""} for d, w in wanted.items()}


def test_every_reason_is_explained():
    named = {r for p in FUNCTIONS for text in p.values[2:4] for r in text.split(", ") if r}
    assert named == set(REASONS)


# -- why -----------------------------------------------------------------------------------------------------------------------
def _reasons(seen: Seen, dtype: str) -> Iterator[str]:
    """Why the elements of one answer fail."""
    if seen.party.error:
        assert "out of bounds for array of dimension 0" in seen.party.error, seen.party.error
        yield "no dimension"
        return
    for got, truth in zip(seen.party.outputs, seen.evaluation.truths, strict=True):
        if truth is not None:
            yield from _of_output(seen, dtype, np.asarray(got).astype(np.float64), truth)


def _of_output(seen: Seen, dtype: str, got: np.ndarray, truth) -> Iterator[str]:
    e, fmt, units = seen.evaluation, FORMATS[dtype], units_of(got, truth, dtype)
    bad = ~(units <= seen.judged.budget) | (np.isnan(got) != np.isnan(truth.hi))
    given = [np.asarray(a, np.float64) for a in (*e.built.arrays, *e.cotangents) if a is not None]
    subnormal = np.abs(truth.hi) < 2**14 * fmt.tiny
    for a in given:
        small = (a != 0) & (np.abs(a) < 4 * fmt.tiny)
        subnormal = subnormal | (small if small.shape in ((), bad.shape) else small.any())
        subnormal = subnormal | ((got == 0) & (np.abs(a) > 0.25 / fmt.tiny) if a.shape == bad.shape else False)  # 1/a
    largest = lambda a: float(np.abs(a, where=np.isfinite(a), out=np.zeros_like(a)).max(initial=0.0))  # noqa: E731
    size = max([1.0, *(largest(c.astype(np.float64)) for c in e.cotangents if c is not None), largest(truth.hi)])
    with np.errstate(invalid="ignore"):
        difference = np.abs(got - truth.hi)
    for why, where in {
        "nan": np.isnan(truth.hi) & ~np.isnan(got) & any(np.isnan(a).any() for a in given),
        "flush": subnormal,
        "overflow": ~np.isfinite(got) & np.isfinite(truth.hi),
        "pole": np.isnan(got) & np.isinf(truth.hi),
        "units": units <= MANY_UNITS,
        "digits": difference <= 64 * fmt.eps * size,
        "other": np.ones_like(bad),
    }.items():
        if (bad & where).any():
            yield why
        bad = bad & ~where


# -- the truth, independently --------------------------------------------------------------------------------------------------
def _assert_mpmath_confirms_the_truth(seen: Seen) -> None:
    """At the worst element of an elementwise op, by a formula that the truth does not use, with 84 digits."""
    e, formula, at = seen.evaluation, FORMULAS.get(seen.evaluation.pair.op), seen.judged.outcome.index[1:]
    if formula is None or seen.party.error:
        return
    x, truth = float(e.built.arrays[0][at]), e.truths[0]
    if not formula.low <= x <= formula.high or not math.isfinite(truth.hi[at]):
        return
    options = dict(e.built.options)
    with workprec(BITS):
        want = formula.value(mpf(x), **options)
        if e.direction == "backward":
            want = formula.slope(mpf(x), **options) * mpf(float(e.cotangents[0][at]))
        error = abs(want - mpf(float(truth.hi[at])) - mpf(float(truth.lo[at])))
        fmt = FORMATS[e.dtype]  # the truth is known as far as it takes to round it to this
        assert error <= abs(want) * fmt.eps / 8 + fmt.smallest * 0.51, (e.case.name, x, mp.nstr(want, 20), truth.hi[at])
