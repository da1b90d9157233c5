"""Groups of failures: one bug each."""

from __future__ import annotations

import numpy as np

from parity.causes.groups import Group, explained, grouped, merged
from parity.causes.wording import worded
from parity.grading import Grading, InProcess


def _failed(op, table, forward=None, backward=None, dtypes=("float64", "float32")):
    grading = Grading(op, InProcess(forward, backward), table)
    grades = grading.grades(dtypes)
    return grading, grades


def test_exceptions_with_different_words_are_different():
    assert worded("raised ValueError: shapes (3,4) and (7,) do not match") == worded(
        "raised ValueError: shapes (2,) and (9, 1) do not match"
    )
    assert worded("raised ValueError: cannot open /a/b.txt") == worded("raised ValueError: cannot open /c/d/e.bin")
    assert worded("raised ValueError: no rows") != worded("raised ValueError: no columns")
    assert worded("raised ValueError: bad axis 3") == worded("raised ValueError: bad axis -1")


def test_two_exceptions_are_two_groups(table):
    def relu(x):
        if x.size == 0:
            raise ValueError("no elements")
        if x.ndim == 0:
            raise ValueError("a number, not an array")
        return np.maximum(x, 0)

    grading, _ = _failed("activations.relu", table, relu, dtypes=("float64",))
    for group in grouped(grading.failed):
        assert len({worded(seen.party.error) for _, seen in group}) == 1
    errors = [g[0][1].party.error for g in grouped(grading.failed) if g[0][1].party.error]
    assert len(errors) == len(set(map(worded, errors)))


def test_a_wrong_axis_and_a_rounding_are_two_groups(table):
    def softmax(x, axis=-1):
        if x.dtype != np.float16:
            axis = 0
        e = np.exp(x - np.max(x, axis, keepdims=True))
        return (e / np.sum(e, axis, keepdims=True, dtype=x.dtype)).astype(x.dtype)

    grading, grades = _failed("activations.softmax", table, softmax, dtypes=("float64", "float16"))
    for group in explained(grading.failed, grades, grading.observe):
        dtypes = {check.dtype for check, _ in group.failures if check.dtype}
        if "axis" in group.cause:
            assert dtypes == {"float64"}


def test_the_example_belongs_to_the_cause(table):
    """Wrong at ordinary numbers by a factor, and at nan in another way: the nan is not shown for the factor."""

    def silu(x):
        with np.errstate(all="ignore"):
            y = 2 * x / (1 + np.exp(-x.astype(np.float64)))
        return np.where(np.isnan(x), 0, y).astype(x.dtype)

    grading, grades = _failed("activations.silu", table, silu, dtypes=("float64",))
    groups = explained(grading.failed, grades, grading.observe)
    first = next(g for g in groups if "times the truth" in g.cause)
    assert not any(check.hazard == "nans" for check, _ in first.failures)


def test_one_sentence_is_one_group_and_two_are_two():
    one, two = Group(("a",), "It ignores `eps`: at 3"), Group(("b",), "It ignores `eps`: at 4")
    other, unknown, also = Group(("c",), "It sorts"), Group(("d",)), Group(("e",))
    found = merged([one, other, unknown, two, also])
    assert [g.failures for g in found] == [("a", "b"), ("c",), ("d",), ("e",)]
