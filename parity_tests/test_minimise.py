"""Every wrong implementation shrinks to a small input that fails in the same way, and to a program that shows it."""

from __future__ import annotations

import contextlib
import io
from functools import lru_cache

import numpy as np
import pytest

from parity import runner
from parity.evaluate import evaluate
from parity.grading import Grading, InProcess
from parity.loader import catalogue
from parity.minimise import minimise
from parity.minimise.trial import FEW
from parity.minimise.values import complexity, simpler
from parity.report.script import script
from parity_tests.candidates import caught_candidates

WRONG = caught_candidates()


@lru_cache(maxsize=4096)
def _evaluated(op: str, hazard: str, dtype: str, direction: str):
    return evaluate(catalogue()[op], runner.case_of(op, hazard, dtype, direction), dtype, direction)


def failure(candidate, table):
    """The first failure of a candidate, and who can be asked about other inputs; None where only a law fails."""
    grading = Grading(candidate.op, InProcess(candidate.forward, candidate.backward), table, _evaluated, first_failure=True)
    grading.grades(candidate.dtypes)
    grading.source = None
    return (*grading.failed[0], grading.observe) if grading.failed else None


def status(text: str) -> tuple[int | None, str]:
    """The exit status of a script that is run in this process, and what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        exec(compile(text, "script", "exec"), {"__name__": "__main__"})
    return ended.value.code, printed.getvalue()


def _largest(case) -> int:
    held = (*case.stored.arrays.values(), *case.stored.cotangents) if case.stored else ()
    return max((a.size for a in held if isinstance(a, np.ndarray)), default=0)


@pytest.mark.parametrize("k", range(len(WRONG)), ids=[f"{c.op}: {c.name}" for c in WRONG])
def test_failure_becomes_small_and_a_program_shows_it(k, table):
    found = failure(WRONG[k], table)
    if found is None:
        assert catalogue()[WRONG[k].op].laws, "only a stochastic op may fail by its law alone"
        return
    check, seen, observe = found
    small = minimise(check, seen, observe)
    assert _largest(small.case) <= FEW or small.why
    again = observe(small.case, check.dtype, check.direction)
    assert again is not None
    assert again.symptom == seen.symptom == small.seen.symptom
    with np.errstate(all="ignore"):
        load = f"from parity_tests.candidates import caught_candidates\ncandidate = caught_candidates()[{k}].{check.direction}"
        code, printed = status(script(small.seen, check, load))
        assert code == 1, printed
        which = "implementation" if check.direction == "forward" else "gradient"
        right = f"from parity.loader import catalogue, {which}\ncandidate = {which}(catalogue()[{check.op!r}])"
        code, printed = status(script(small.seen, check, right))
    assert code == 0, printed


def _of(op: str, name: str, table):
    (candidate,) = [c for c in WRONG if (c.op, c.name) == (op, name)]
    found = failure(candidate, table)
    assert found is not None
    return found


def test_most_become_small(table):
    chosen = [f for f in (failure(c, table) for c in WRONG[::20]) if f is not None]
    small = sum(not minimise(*f).why for f in chosen)
    assert small >= 0.9 * len(chosen)


def test_limit_holds(table):
    check, seen, observe = _of("convolution.conv2d", "kernel flipped", table)
    found = minimise(check, seen, observe, limit=3)
    assert found.tried <= 3
    assert "stopped after 3 inputs" in found.why


def test_it_is_deterministic(table):
    one, two = (minimise(*_of("linear.matmul", WRONG_MATMUL, table)) for _ in range(2))
    assert one.tried == two.tried
    assert [a.tobytes() for a in one.seen.evaluation.built.arrays] == [a.tobytes() for a in two.seen.evaluation.built.arrays]


WRONG_MATMUL = next(c.name for c in WRONG if c.op == "linear.matmul")


def test_an_elementwise_failure_is_one_element_without_options(table):
    for c in [c for c in WRONG if c.op == "activations.gelu"]:
        small = minimise(*failure(c, table))
        assert [a.size for a in small.seen.evaluation.built.arrays] == [1]


def test_simplest_numbers_come_first():
    assert list(simpler(1.0, "float64")) == [0.0]
    assert list(simpler(0.0, "float64")) == []
    found = [complexity(v) for v in simpler(123.456, "float32")]
    assert found[0] == complexity(0.0)
    assert max(found) < complexity(123.456)
    assert all(np.isfinite(v) for v in simpler(np.inf, "float32"))
