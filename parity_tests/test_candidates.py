"""The test of the tests: wrong implementations must be caught, right ones in other styles must not be."""

from __future__ import annotations

from collections import Counter

import pytest

from parity.grading import validate
from parity_tests.candidates import Candidate, all_candidates
from parity_tests.truths import evaluation


def _params(which: str):
    return [pytest.param(c, id=f"{c.op}: {c.name}") for c in all_candidates(which)]


def _grade(candidate: Candidate, table, first_failure: bool):
    return validate(
        candidate.forward,
        candidate.op,
        backward=candidate.backward,
        dtypes=candidate.dtypes,
        table=table,
        name=candidate.name,
        source=evaluation,
        first_failure=first_failure,
    )


@pytest.mark.parametrize("candidate", _params("wrong"))
def test_wrong_implementation_is_caught(candidate, table):
    result = _grade(candidate, table, first_failure=True)
    if not candidate.within:
        assert result.grade == "fail", f"{result!r}\nwas not caught"
        return
    kinds = {limit.kind for limit, _ in result.limits}
    assert result.grade != "fail", f"{result!r}\nis listed as accepted: {candidate.why}"
    assert candidate.within == result.grade or candidate.within in kinds
    assert candidate.why.endswith(".")


@pytest.mark.parametrize("candidate", _params("right"))
def test_right_implementation_is_not_flagged(candidate, table):
    result = _grade(candidate, table, first_failure=False)
    shown = "\n".join(
        f"{v.check.id}: {v.stage} {v.units:.4g} of {v.budget:.4g} {v.message} {dict(v.detail)}" for v in result.failures[:5]
    )
    assert result.grade in ("tight", "parity", "stable"), f"{result!r}\n{shown}"


def test_there_are_enough_of_them():
    assert len(all_candidates("wrong")) >= 60
    assert len(all_candidates("right")) >= 20


@pytest.mark.parametrize("which", ["wrong", "right"])
def test_names_are_unique(which):
    twice = [k for k, n in Counter((c.op, c.name) for c in all_candidates(which)).items() if n > 1]
    assert not twice
