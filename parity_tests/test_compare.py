"""The comparison itself: what it must accept and what it must refuse, stage by stage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from parity.check.errors import units_of
from parity.check.verdict import Outcome, compare
from parity.formats import DTYPES
from parity.oracle import Truth
from parity.verdict import Check, Verdict


def truth(*values, dtype="float64", scale=None, zero_sign=None) -> Truth:
    hi = np.array(values, np.float64)
    size = np.abs(hi) if scale is None else np.broadcast_to(np.float64(scale), hi.shape)
    with np.errstate(all="ignore"):
        return Truth(hi.astype(DTYPES[dtype]), hi, np.zeros_like(hi), size, zero_sign)


def got(*values, dtype="float64"):
    with np.errstate(all="ignore"):
        return np.array(values, np.float64).astype(DTYPES[dtype])


@pytest.mark.parametrize(
    ("a", "b", "holds"),
    [
        ([1.0], [1.0], True),
        ([0.0], [-0.0], True),
        ([math.nan], [math.nan], True),
        ([math.inf], [math.inf], True),
        ([math.nan], [0.0], False),
        ([0.0], [math.nan], False),
        ([math.inf], [-math.inf], False),
        ([1.7e308], [math.inf], False),
        ([1.0], [1.0 + 2**-52], False),
    ],
)
def test_budget_zero_means_exact(a, b, holds):
    assert compare(got(*a), truth(*b), 0.0, "float64").holds is holds


def test_stated_sign_of_zero():
    signs = np.array([-1])
    assert compare(got(-0.0), truth(0.0, zero_sign=signs), 0.0, "float64").holds
    outcome = compare(got(0.0), truth(0.0, zero_sign=signs), 1e9, "float64")
    assert (outcome.holds, outcome.stage) == (False, "sign of zero")


@pytest.mark.parametrize(
    ("value", "stage"),
    [
        ("text", "structure"),
        (None, "structure"),
        (np.zeros(2), "shape"),
        (np.zeros(1, np.float32), "dtype"),
        (np.zeros(1, int), "dtype"),
    ],
)
def test_structure_shape_and_dtype_come_before_values(value, stage):
    outcome = compare(value, truth(0.0), 1e9, "float64")
    assert (outcome.holds, outcome.stage) == (False, stage)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_one_unit_is_half_the_spacing_at_one(dtype):
    eps = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}[dtype]
    assert units_of(got(1 + eps, dtype=dtype), truth(1.0, dtype=dtype), dtype)[0] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("dtype", "smallest"), [("float64", 5e-324), ("float32", 2.0**-149), ("float16", 2.0**-24), ("bfloat16", 2.0**-133)]
)
def test_the_quantum_is_the_floor_for_subnormals(dtype, smallest):
    assert units_of(got(smallest, dtype=dtype), truth(0.0, dtype=dtype), dtype)[0] == 2.0


def test_correct_overflow_is_no_error():
    t = truth(1e39, dtype="float32")
    assert compare(got(math.inf, dtype="float32"), t, 1.0, "float32").units == 0.0
    assert not compare(got(3e38, dtype="float32"), t, 10.0, "float32").holds


def test_a_tolerance_of_zero_is_honoured():
    assert not compare(got(1.0 + 2**-52), truth(1.0), 0.0, "float64").holds
    assert not compare(got(1.0 + 2**-52), truth(1.0), 0, "float64").holds


def test_the_worst_element_is_named():
    outcome = compare(got(1.0, 2.5, 3.0), truth(1.0, 2.0, 3.0), 1.0, "float64")
    assert (outcome.holds, outcome.index) == (False, (1,))


def test_integers_are_compared_exactly():
    assert compare(np.array([1, 2]), Truth(np.array([1, 2])), 1e9, "float64").holds
    assert not compare(np.array([1, 3]), Truth(np.array([1, 2])), 1e9, "float64").holds
    assert compare(np.array([1.0, 2.0]), Truth(np.array([1, 2])), 1e9, "float64").stage == "dtype"


def test_no_verdict_can_be_dropped_by_truthiness():
    with pytest.raises(TypeError, match="holds"):
        bool(Outcome(True, "values", 0.0))
    with pytest.raises(TypeError, match="status"):
        bool(Verdict(Check("a.b", "float64", "forward", "truth", "ordinary"), "held"))


@pytest.mark.parametrize(
    ("value", "right", "holds"), [(math.inf, 3.39e38, True), (math.inf, 2.5e38, False), (-math.inf, 1e39, False)]
)
def test_an_infinity_is_forgiven_only_at_the_edge_of_the_range(value, right, holds):
    """In bfloat16 a unit is so coarse that 2^128 is few of them away from 2.5e38: the infinity is still wrong there."""
    t = truth(right, dtype="bfloat16", scale=1e40)
    assert compare(got(value, dtype="bfloat16"), t, 20.0, "bfloat16").holds is holds
