"""What an op must refuse: npimpl does so itself, and a candidate that does not has a limit, never a failure."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import npimpl
from parity import loader, runner
from parity.candidate.grade import Judge
from parity.cases import Case
from parity.evaluate import Evaluation, Implementation, Party, library, prepare
from parity.grading import validate
from parity.inputs.refusals import refusal_cases
from parity.tolerances import read_table
from parity.verdict import Check

OPS = tuple(loader.built_in())
AXIS = "an axis that is not there"


@cache
def asked(op: str) -> tuple[tuple[Check, Evaluation], ...]:
    """Every question that an op must refuse."""
    pair = loader.built_in()[op]
    return tuple(
        (Check(op, "float64", d, "truth", case.name), prepare(pair, case, "float64", d))
        for case in runner.refusals(op)
        for d in case.directions
    )


def of(op: str, **parts) -> tuple[Check, Evaluation]:
    """The first of these questions with these parts, asked anew."""
    return next((c, replace(e, parties={})) for c, e in asked(op) if all(getattr(e.case, k) == v for k, v in parts.items()))


# -- npimpl --------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("op", OPS)
def test_npimpl_refuses_what_it_must(op):
    ours = library(loader.built_in()[op])
    verdicts = [runner.contract(e, c, ours) for c, e in asked(op)]
    assert not [f"{v.check.id}: {v.message}" for v in verdicts if v.status != "held"]


@pytest.mark.parametrize("op", OPS)
def test_each_error_that_a_docstring_names_is_raised_by_a_question(op):
    ours = library(loader.built_in()[op])
    name = op.split(".")[1]
    for direction, fn in (("forward", ours.forward), ("backward", ours.backward)):
        if getattr(fn, "__name__", "").removesuffix("_backward") != name:
            continue  # it has a row of its own
        parties = [e.party("ours", ours) for c, e in asked(op) if c.direction == direction]
        assert named_errors(fn) <= {p.error_type for p in parties}, f"{direction} of {op}"


def named_errors(fn) -> set[str]:
    """The errors in the `Raises` lines of one of npimpl's docstrings."""
    if fn is None or not fn.__module__.startswith("npimpl"):
        return set()  # a function of NumPy, whose documentation is not ours
    lines = re.findall(r"Raises:? (.+?)(?:\n\n|\n *Source|\Z)", inspect.getdoc(fn) or "", re.S)
    return {name for name in re.findall(r"\w+Error", re.sub(r"\(a ValueError\)", "", " ".join(lines)))}


def test_every_op_with_an_axis_is_asked_beyond_both_ends():
    names = {c.name for c in runner.refusals("reductions.sum")}
    assert {f"refuses_axis={a}" for a in ("2", "-3", "0.5", "(0,0)", "(0,-2)", "1_of_0-d", "-2_of_0-d")} <= names


def test_an_answer_of_npimpl_is_a_violation():
    check, e = of("reductions.sum", refused=AXIS)
    verdict = runner.contract(e, check, Implementation(lambda x, axis, keepdims=False: x.sum(), None))
    assert (verdict.status, verdict.stage, verdict.message) == ("violated", "accepts", f"accepts {AXIS}")


def test_an_error_by_accident_is_none_that_npimpl_raised_on_purpose():
    def accident(x, axis=-1, keepdims=False):
        return np.add.reduce(x, axis=axis)

    accident.__module__ = "npimpl.reductions"
    check, e = of("reductions.sum", refused=AXIS)
    verdict = runner.contract(e, check, Implementation(accident, None))
    assert verdict.status == "violated"
    assert "no refusal of its own" in verdict.message


def test_an_op_of_the_users_own_owes_only_what_its_row_says():
    assert refusal_cases(loader.built_in()["activations.relu"], of_every_op=False) == []


# -- a candidate ---------------------------------------------------------------------------------------------------------------
def careless(x, axis=-1):
    """Takes any integer for an axis."""
    known = isinstance(axis, int) and x.ndim > 0
    return npimpl.reductions.cumsum(x, axis % x.ndim if known else axis)


def strange(x, axis=-1):
    """Refuses with an error of its own kind."""
    try:
        return npimpl.reductions.cumsum(x, axis)
    except Exception:
        raise ZeroDivisionError("no") from None


def test_a_candidate_that_accepts_has_a_limit_and_passes():
    result = validate(careless, "reductions.cumsum", dtypes=("float64",))
    assert result.grade == "tight"
    assert ("accepts", f"accepts {AXIS}", 2) in [(limit.kind, limit.text, len(checks)) for limit, checks in result.limits]
    assert {limit.kind for limit, _ in result.limits} == {"accepts"}


def test_any_exception_of_a_candidate_is_right():
    result = validate(strange, "reductions.cumsum", dtypes=("float64",))
    assert (result.grade, result.limits) == ("tight", ())


@pytest.mark.parametrize("kind", ["crash", "exit", "timeout"])
def test_a_candidate_that_dies_of_it_fails(kind):
    _, e = of("reductions.sum", refused=AXIS)
    judge = Judge(e.pair, read_table().rows["reductions.sum"])
    assert judge.see(e, Party(error="died", error_type=kind)).judged.grade == "fail"


def test_no_fresh_input_and_no_search_is_of_a_question_that_must_be_refused():
    assert not any(c.refused for c in runner.cases("reductions.sum"))
    assert all(isinstance(c, Case) and c.refused and c.dtypes == ("float64",) for c in runner.refusals("reductions.sum"))
