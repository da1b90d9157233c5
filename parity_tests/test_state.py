"""State: no earlier question changes an answer, be it in the same memory or with other options, and no later one a result."""

from __future__ import annotations

import numpy as np
import pytest

from parity.cases import Case
from parity.earlier import KEPT, earlier_question
from parity.evaluate import Implementation, ask, prepare
from parity.guest.constants import constants_of
from parity.inputs.arguments import in_form
from parity.loader import built_in
from parity.runner import cases

OP = "activations.leaky_relu"
REFILLED = Case("refilled", origin="ordinary", before={})


def _asked(fn, case=REFILLED):
    return ask(prepare(built_in()[OP], case, "float32", "forward"), Implementation(fn, None))


def _right(x, negative_slope=0.01):
    return np.where(x < 0, x * np.float32(negative_slope), x)


# -- what is asked -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("op", built_in())
def test_every_op_is_asked_again_in_the_same_memory(op):
    assert [c for c in cases(op) if c.before is not None and dict(c.before) == dict(c.options) and not c.dtypes]


def test_every_option_is_asked_between_two_equal_questions():
    after = [c for c in cases("reductions.var") if c.before is not None]
    assert {n for c in after for n in {*c.options, *c.before}} >= {"axis", "keepdims"}


def test_the_earlier_question_has_other_numbers_or_other_options():
    pair = built_in()[OP]
    e = prepare(pair, REFILLED, "float32", "backward")
    mirrored = earlier_question(e, prepare)
    assert (mirrored.built.arrays[0] == e.built.arrays[0][::-1]).all()
    assert (mirrored.cotangents[0] == e.cotangents[0][::-1]).all()
    other = earlier_question(
        prepare(pair, Case("o", origin="ordinary", before={"negative_slope": 2}), "float32", "forward"), prepare
    )
    assert other.built.options == {"negative_slope": 2}
    assert (other.built.arrays[0] == e.built.arrays[0]).all()


# -- what is found -----------------------------------------------------------------------------------------------------
def test_a_function_without_state_is_not_disturbed():
    assert (_asked(_right).outputs[0] == _asked(_right, Case("ordinary")).outputs[0]).all()


def test_a_result_that_is_overwritten_is_found():
    buffer = np.empty(24, np.float32)

    def candidate(x, negative_slope=0.01):
        buffer[...] = _right(x, negative_slope)
        return buffer

    assert _asked(candidate).error == KEPT
    assert not _asked(candidate, Case("ordinary")).error


def test_a_memory_of_addresses_is_found():
    known = {}

    def candidate(x, negative_slope=0.01):
        return known.setdefault(id(x), _right(x, negative_slope)).copy()

    assert (_asked(candidate).outputs[0] != _asked(_right).outputs[0]).any()


# -- arguments ---------------------------------------------------------------------------------------------------------
def test_arguments_are_given_in_another_form():
    assert in_form(np.array([1, 2]), "uint8").dtype == np.uint8
    assert in_form(np.array([1.0, 2.0]), "list") == [1.0, 2.0]
    assert in_form(np.array(1.5), "list") == 1.5


@pytest.mark.parametrize("op", [op for op, p in built_in().items() if any(k.role == "int" and k.widths for k in p.arrays)])
def test_integers_come_in_every_width(op):
    given = {w for c in cases(op) for w in c.given.values()}
    assert {"int8", "int16", "int32"} <= given


EDGE = 0.375


def _switching(x):
    return np.where(np.abs(x) < EDGE, x, np.where(x > 2.5, 7.0, x))


def test_numbers_that_something_is_compared_with_come_first():
    assert constants_of(_switching)[:2] == [EDGE, 2.5]
    assert constants_of(np.add) == []
