"""Every way to look right that we could think of fails; the few that cannot be told from a right kernel are reported."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from npimpl import activations
from parity import validation
from parity.evaluate import prepare
from parity.grading import Grading, InProcess
from parity.isolation import Candidate
from parity.report.validation import validation_lines
from parity.results import ValidationResult
from parity.tolerances import read_table
from parity_tests.validated import validate

pytestmark = pytest.mark.skipif(os.name != "posix", reason="isolation needs a POSIX system")
FILE = str(Path(__file__).parent / "guests" / "cheating.py")
OP, SEED = "activations.softmax", 20260


@dataclass(frozen=True)
class Cheat:
    """A candidate, a check at which it must fail, and words of the report; `forbid` and the op as the user gives them."""

    name: str
    at: str = ""
    """A hazard among the failed checks ("": its numbers may all be right, and its conduct fails it)."""
    words: str = ""
    op: str = OP
    backward: str = ""
    forbid: tuple[str, ...] = ()
    dtype: str = "float32"


CHEATS = [
    Cheat("wrong", "ordinary"),
    Cheat("zero_where_small", "wide_logits"),
    Cheat("zero_in_the_tail", "gaussian_tail", op="special.erfc"),
    Cheat("nan_where_hostile", "one_neg_inf", "nan where none is expected"),
    Cheat("infinite_where_large", "largest", "infinity where none is expected"),
    Cheat("float16_inside", "ordinary"),
    Cheat("always_float64", "ordinary", "has dtype float64, expected float32"),
    Cheat("agrees_with_everything", "ordinary", "returns a AgreesWithEverything, which is judged as the plain array"),
    Cheat("lies_about_its_memory", "ordinary", "returns a LiesAboutItself, which is judged as the plain array"),
    Cheat("changes_its_mind", "ordinary"),
    Cheat("returns_a_tolerant_number", "ordinary", "has shape ()"),
    Cheat("cached_by_shape", "subnormals"),
    Cheat("cached_by_the_first_numbers", "layout_broadcast"),
    Cheat("cached_by_a_rounded_sum", "ties"),
    Cheat("right_for_fifty_calls", "again_ordinary"),
    Cheat("right_until_the_last_check", "again_ordinary"),
    Cheat("right_on_each_first_call", "ordinary", "returns other bits when called again"),
    Cheat("right_on_each_second_call", "ordinary", "returns other bits when called again"),
    Cheat("hides_its_noise", "ordinary"),
    Cheat("leaves_it_uninitialised", "long_row", dtype="float64"),  # a KiB or more: NumPy itself keeps smaller blocks
    Cheat("searches_all_objects", "ordinary"),
    Cheat("searches_its_callers", "ordinary", "looks at who calls it"),
    Cheat("reads_the_engines_memory", "ordinary"),
    Cheat("reads_the_channels", "ordinary"),
    Cheat("reads_the_evidence", "ordinary"),
    Cheat("asks_the_definition", "ordinary", "imports parity.definitions.activations, which knows the answers"),
    Cheat("asks_the_oracle", "", "imports parity.oracle, which knows the answers"),
    Cheat("asks_the_definition_without_the_watch", "", "imports parity.definitions.activations, which knows the answers"),
    Cheat("asks_torch_when_lost", "", "imports torch, which --forbid torch does not allow", forbid=("torch", "scipy")),
    Cheat(
        "asks_scipy_when_lost",
        "",
        "imports scipy.special, which --forbid scipy does not allow",
        forbid=("torch", "scipy"),
    ),
    Cheat("asks_another_process", "", "starts another process", forbid=("torch", "scipy")),
    Cheat("patches_the_comparisons", "", "changes numpy.allclose (monkeypatched)"),
    Cheat("patches_the_engine", "ordinary"),
    Cheat("writes_the_answer_over_its_input", "ordinary", "changed its input; work on a copy"),
    Cheat("forges_an_answer", "ordinary"),
    Cheat("calls_the_large_ones_impossible", "huge_logits", "raised NoOption"),
    Cheat("sigmoid", "ordinary", op="activations.sigmoid", backward="gradient_for_ones_only"),
]
REPORTED = [
    ("asks_torch_when_lost", "imports torch: what it returns may be torch's answer"),
    ("asks_scipy_when_lost", "imports scipy: what it returns may be scipy's answer"),
    ("asks_another_process", "starts another process"),
    ("right_for_the_engine_only", "looks at who calls it: it may do otherwise elsewhere"),
    ("right_for_the_engine_by_frames", "looks at who calls it: it may do otherwise elsewhere"),
]


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setattr(validation, "SECONDS", 0.1)
    monkeypatch.setattr(validation, "likely_cause", lambda *_: "")


def report(result: ValidationResult) -> str:
    return " ".join("\n".join(validation_lines(result)).split())


def graded(
    name: str, op: str = OP, backward: str = "", forbid: tuple[str, ...] = (), dtype: str = "float32"
) -> ValidationResult:  # fmt: skip
    candidate = Candidate(f"{FILE}:{name}", f"{FILE}:{backward}" if backward else None, forbid=forbid)
    return validate(candidate, op, dtypes=[dtype], directions=["backward" if backward else "forward"], seed=SEED)


@pytest.mark.parametrize("cheat", CHEATS, ids=[c.name + "".join(f"_{f}" for f in c.forbid) for c in CHEATS])
def test_a_cheat_fails(cheat):
    result = graded(cheat.name, cheat.op, cheat.backward, cheat.forbid, cheat.dtype)
    failed = [v.check.hazard for v in result.failures]
    assert result.grade == "fail"
    assert cheat.at in [*failed, ""]
    assert failed or any(r.fails for r in result.conduct)
    assert cheat.words in report(result)


@pytest.mark.parametrize(("name", "words"), REPORTED)
def test_what_cannot_be_told_from_a_right_kernel_is_reported(name, words):
    result = graded(name)
    assert result.grade in ("tight", "parity")
    assert "note: it " + words in report(result)


def test_an_exception_at_infinities_alone_is_a_limit_that_strict_fails():
    """Whoever raises says so: no number is wrong.  The words of the engine for what it cannot ask change nothing."""
    result = graded("calls_the_hard_ones_impossible")
    found = {(limit.kind, limit.text): (limit, checks) for limit, checks in result.limits}
    limit, checks = found["refuses", "nan or inf among the inputs"]
    assert result.holds
    assert result.grade in ("tight", "parity")
    assert "NoOption: float32 infinities are not supported" in limit.example
    assert any(check.endswith("one_neg_inf") for check in checks)
    assert not replace(result, strict="stable").holds


def test_the_cheats_are_right_where_they_do_not_cheat():
    """Their softmax passes, so that it is the trick that fails."""
    assert graded("right").grade in ("tight", "parity")
    assert graded("sigmoid", "activations.sigmoid").grade in ("tight", "parity")
    assert len(CHEATS) >= 14


def test_only_fresh_inputs_catch_what_knows_all_others(tmp_path, monkeypatch):
    """With a table of all the suite's inputs, only what nobody could know beforehand is wrong."""
    grading = Grading(OP, InProcess(None, None), read_table())
    answers = {}
    for _, case in grading.checks("float32", "forward"):
        built = prepare(grading.pair, case, "float32", "forward").built
        axis = built.options.get("axis", -1)
        answers[built.arrays[0].shape, axis, built.arrays[0].tobytes()] = activations.softmax(built.arrays[0], **built.options)
    file = tmp_path / "answers.pickle"
    file.write_bytes(pickle.dumps(answers))
    monkeypatch.setenv("MEMORISED_ANSWERS", str(file))
    result = graded("memorised")
    failed = [v.check.hazard for v in result.failures]
    assert failed
    assert all(name.startswith("fresh") for name in failed)
    assert {"fresh1_ordinary", "fresh2_ordinary", "fresh3_ordinary"} <= set(failed)
