"""Whatever a candidate does to its process, the report names it, grades the rest as usual, and nothing is left running."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from parity import asking, errors, isolation, validation
from parity.cli import main
from parity.evaluate import prepare
from parity.grading import Grading, InProcess
from parity.isolation import Candidate, Guest, Limits
from parity.report.validation import validation_lines
from parity.results import ValidationResult
from parity_tests.validated import validate

pytestmark = pytest.mark.skipif(os.name != "posix", reason="isolation needs a POSIX system")
FILE = str(Path(__file__).parent / "guests" / "misbehaving.py")
OP, SEED = "activations.relu", 1
LIMITS = Limits(seconds=1.5, memory=512 << 20)
PATIENT = Limits(seconds=15.0, memory=4 << 30)
"""For candidates that nothing fails: a busy machine stands still for seconds, and each thread left takes 72 MB of addresses."""
BOUND = 20.0
"""Seconds that a run may take, whatever the candidate does (on a busy machine; alone it is 0.2 to 4)."""


@dataclass(frozen=True)
class Row:
    """A candidate, words that the report must contain, and the checks that fail: "infinities", "none", "ordinary".

    With "refused" it raises at infinities, which is a limit: none fails, and these have no grade.
    """

    name: str
    words: str
    failed: str = "infinities"
    conduct: bool = False
    """Whether its conduct alone fails it."""


ROWS = [
    Row("segfaults", "was ended by SIGSEGV"),
    Row("aborts", "was ended by SIGABRT"),
    Row("exits_at_once", "ended its process with exit code 7"),
    Row("overflows_the_c_stack", "was ended by SIG"),
    Row("is_terminated", "was ended by SIGTERM"),
    Row("dies_a_moment_later", "ended its process with exit code 5"),
    Row("closes_all_descriptors", "closed its channel to the engine"),
    Row("writes_junk_into_all_descriptors", "wrote something else into its channel"),
    Row("loops_in_python", "did not return within 1.5 s (at File"),
    Row("loops_in_c", "did not return within 1.5 s (at File"),
    Row("backtracks", "did not return within 1.5 s (at File"),
    Row("stops_itself", "did not return within 1.5 s"),
    Row("ignores_all_signals_and_sleeps", "did not return within 1.5 s"),
    Row("exits", "raised SystemExit: 0"),
    Row("interrupts", "raised KeyboardInterrupt"),
    Row("raises_a_base_exception", "raised BaseException: Strange: odd"),
    Row(
        "raises_without_words",
        "refuses: nan or inf among the inputs, for example Speechless: (its text cannot be had: RuntimeError)",
        "refused",
    ),
    Row("raises_at_length", "refuses: nan or inf among the inputs, for example ValueError: word word", "refused"),
    Row(
        "raises_in_other_letters",
        "refuses: nan or inf among the inputs, for example ValueError: größer als \N{SNOWMAN}",
        "refused",
    ),
    Row(
        "raises_unprintably",
        "refuses: nan or inf among the inputs, for example ValueError: half ?, bell ?, escape ?[2J",
        "refused",
    ),
    Row("recurses", "raised RecursionError"),
    Row("raises_when_called_again", "raised when called again with the same input: LookupError: used up"),
    Row("allocates_100_gigabytes", "it may use 0.5 GiB"),
    Row("returns_a_list", "returned list, an array was expected"),
    Row("returns_none", "returned NoneType, an array was expected"),
    Row("returns_a_string", "returned str, an array was expected"),
    Row("returns_a_dict", "returned dict, an array was expected"),
    Row("returns_objects", "returned array of object, an array was expected"),
    Row("returns_records", "an array was expected"),
    Row("returns_texts", "has dtype <U"),
    Row("returns_dates", "has dtype datetime64[s], expected float32"),
    Row("returns_swapped_bytes", "has dtype >f4, expected float32"),
    Row("returns_a_generator", "returned generator, an array was expected"),
    Row("returns_two", "returned 2 where 1 outputs are expected"),
    Row("returns_a_huge_integer", "returned int of 16610 bits, an array was expected"),
    Row("returns_a_deep_list", "RecursionError"),
    Row("returns_a_deep_list_just_encodable", "returned list, an array was expected"),
    Row("returns_billions", "returned an array of shape (1000000, 1000000), 3.73e+03 GiB"),
    Row("returns_400_megabytes", "raised MemoryError"),
    Row("returns_masked", "returns a MaskedArray, which is judged as the plain array", "none"),
    Row("returns_a_matrix", "returns a matrix, which is judged as the plain array"),
    Row("returns_its_input", "shares memory with its input"),
    Row("returns_a_view", "shares memory with its input"),
    Row("writes_into_a_locked_input", "writes into its input"),
    Row("writes_where_it_may", "changed its input; work on a copy", "ordinary"),
    Row("writes_behind_the_lock", "changed its input; work on a copy"),
    Row("prints_megabytes", "prints 30.0 MB, beginning 'xxx", "none"),
    Row("prints_megabytes_as_errors", "prints 30.0 MB, beginning 'yyy", "none"),
    Row("writes_megabytes_to_descriptor_1", "prints 30.0 MB, beginning 'zzz", "none"),
    Row("warns", "note: it warns: FutureWarning: relu is going away", "none"),
    Row("warns_of_each_value", "warns: RuntimeWarning: the sum is", "none"),
    Row("leaves_a_thread", "note: it leaves a thread running (sleep)", "none"),
    Row("forks_a_child_that_lives_on", "note: it starts another process", "none"),
    Row("forks_a_child_in_a_session_of_its_own", "note: it starts another process", "none"),
    Row("forks_and_both_return", "note: it starts another process", "none"),
    Row("forks_and_dies", "ended its process with exit code 9"),
    Row("sets_numpys_errors", "changes NumPy's error handling (np.seterr)", "none", conduct=True),
    Row("seeds_numpy", "changes NumPy's global random state (np.random)", "none", conduct=True),
    Row("seeds_python", "changes Python's global random state (random)", "none", conduct=True),
    Row("patches_exp", "changes numpy.exp (monkeypatched)", "none", conduct=True),
    Row("patches_builtins", "changes builtins.sum (monkeypatched)", "none", conduct=True),
    Row("patches_pi", "changes math.pi (monkeypatched)", "none", conduct=True),
    Row("changes_folder", "changes the current folder (os.chdir)", "none", conduct=True),
    Row("changes_the_environment", "changes the environment (os.environ)", "none", conduct=True),
    Row("changes_the_recursion_limit", "changes the recursion limit", "none", conduct=True),
    Row("changes_the_print_options", "changes NumPy's print options", "none", conduct=True),
    Row("forgets_numpy", "changes sys.modules['numpy']", "none", conduct=True),
    Row("closes_its_streams", "grade: tight", "none"),
    Row("changes_signal_handlers", "changes the signal handlers (signal)", "none", conduct=True),
]


@pytest.fixture
def started(monkeypatch) -> Iterator[list[tuple[int, str]]]:
    """The process groups and marks of all processes that a test starts; none of them may be there afterwards."""
    found: list[tuple[int, str]] = []
    launch = Guest._launch

    def noted(self: Guest) -> None:
        launch(self)
        assert self._process is not None
        found.append((self._process.pid, self._mark))

    monkeypatch.setattr(Guest, "_launch", noted)
    monkeypatch.setattr(validation, "SECONDS", 0.2)
    yield found
    assert found
    assert not left_behind(found)


def left_behind(started: list[tuple[int, str]]) -> list[str]:
    """Living processes that are in one of the groups, or carry one of the marks (where the system has /proc)."""
    groups, marks = {g for g, _ in started}, [m.encode() for _, m in started]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            marked = any(m in (folder / "environ").read_bytes() for m in marks)
        except OSError:
            continue
        if state != "Z" and (int(group) in groups or marked):
            found.append(folder.name)
    return found


SWITCHES = 1
"""One check more: beside the numbers that the file is written with."""


def checks() -> dict[str, bool]:
    """The name of every check in float32 forward, and whether its input holds an infinity."""
    grading = Grading(OP, InProcess(None, None), validation.read_table(), seed=SEED)
    return {
        check.hazard: bool(np.isinf(prepare(grading.pair, case, "float32", "forward").built.arrays[0]).any())
        for check, case in grading.checks("float32", "forward")
    }


def report(result: ValidationResult) -> str:
    return " ".join("\n".join(validation_lines(result)).split())


def graded(name: str, op: str = OP, **settings) -> ValidationResult:
    common = {"dtypes": ["float32"], "directions": ["forward"], "limits": LIMITS, "seed": SEED}
    return validate(Candidate(f"{FILE}:{name}"), op, **{**common, **settings})


def expected_failures(row: Row) -> list[str]:
    """The checks that should fail."""
    names = list(checks())
    return {
        "none": [],
        "refused": [],
        "infinities": [n for n, infinite in checks().items() if infinite],
        "ordinary": [n for n in names if n == "ordinary"],
    }[row.failed]


@pytest.mark.parametrize("row", ROWS, ids=[r.name for r in ROWS])
def test_misbehaviour_is_named_and_the_rest_is_graded_as_usual(row, started, monkeypatch):
    for kind in asking.PATIENCE:  # all is asked, however many inputs hold an infinity
        monkeypatch.setitem(asking.PATIENCE, kind, len(checks()))
    begin = time.monotonic()
    result = graded(row.name, limits=PATIENT if row.failed == "none" else LIMITS)
    assert time.monotonic() - begin < BOUND
    assert row.words in report(result)
    failed = [v.check.hazard for v in result.failures]
    assert failed == expected_failures(row)
    refused = sum(checks().values()) if row.failed == "refused" else 0
    assert [g.checks for g in result.grades] == [len(checks()) + SWITCHES - refused]
    assert result.grade == ("fail" if failed or row.conduct else "tight")
    assert json.loads(result.to_json())["grade"] == result.grade


def test_a_candidate_that_fills_its_memory_is_given_up(started):
    result = graded("leaks")
    (grade,) = result.grades
    assert 0 < len(grade.failures) <= 4
    assert all("MemoryError" in v.message for v in grade.failures)
    assert any("not asked, since the candidate had run out of memory 3 times" in text for text in grade.not_covered)


def test_each_misbehaving_candidate_is_in_the_table_once():
    names = [r.name for r in ROWS]
    assert len(names) == len(set(names)) >= 24


def test_a_remark_of_each_call_is_no_flood(started):
    """A text that differs each time is shown a few times, the rest is counted."""
    for name in ("warns_of_each_value", "leaves_many_threads"):
        conduct = graded(name, limits=Limits(seconds=1.5)).conduct
        assert len(conduct) == asking.SHOWN_REMARKS + 1
        assert "further remarks of this kind" in conduct[-1].text


def test_a_noise_is_reported_with_its_size_and_both_answers_count(started):
    result = graded("differs_each_time", op="activations.sigmoid")
    (remark,) = result.conduct
    assert "returns other bits when called again with the same input; the largest difference is" in remark.text
    assert float(remark.text.split()[-1]) < 1e-6
    assert result.grade in ("tight", "parity")


# -- while it is loaded --------------------------------------------------------------------------------------------------------
LOADING = {
    "import_error": ("import no_such_module_at_all", errors.CandidateError, "No module named 'no_such_module_at_all'"),
    "syntax_error": ("def relu(x:", errors.CandidateError, "cannot be imported: SyntaxError"),
    "exit": ("import sys\nsys.exit(0)", errors.CandidateError, "cannot be imported: SystemExit: 0"),
    "interrupt": ("raise KeyboardInterrupt", errors.CandidateError, "cannot be imported: KeyboardInterrupt"),
    "crash": ("import ctypes\nctypes.string_at(8)", errors.CandidateCrashed, "was ended by SIGSEGV while it was loaded"),
    "exit_at_once": (
        "import os\nos.write(1, b'so long')\nos._exit(3)",
        errors.CandidateCrashed,
        "exit code 3 while it was loaded; its last words: 'so long'",
    ),
    "hang": ("while True: pass", errors.CandidateCrashed, "did not return within 3 s while it was loaded"),
}


@pytest.mark.parametrize("name", LOADING)
def test_what_goes_wrong_while_loading_is_said(name, tmp_path, monkeypatch, started):
    text, error, words = LOADING[name]
    file = tmp_path / "kernel.py"
    file.write_text(f"{text}\n", encoding="utf-8")
    monkeypatch.setattr(isolation, "LOADING", 3.0)
    with pytest.raises(error) as caught:
        validate(Candidate(f"{file}:relu"), OP, limits=LIMITS)
    assert words in str(caught.value)


def test_what_is_changed_while_loading_counts_as_well(tmp_path, started):
    file = tmp_path / "kernel.py"
    file.write_text("import numpy as np\nnp.exp = np.negative\ndef relu(x): return np.maximum(x, x.dtype.type(0))\n")
    result = validate(Candidate(f"{file}:relu"), OP, dtypes=["float32"], directions=["forward"], limits=LIMITS)
    assert (result.grade, [r.first for r in result.conduct]) == ("fail", ["loading"])
    assert not result.failures


# -- through the command line --------------------------------------------------------------------------------------------------
def typed(name: str, *more: str):
    arguments = ["validate", f"{FILE}:{name}", "--op", OP, "--dtype", "float32", "--direction", "forward", "--scripts", ""]
    return CliRunner().invoke(main, [*arguments, "--timeout", "1.5", "--seed", str(SEED), *more])


@pytest.mark.parametrize(
    ("name", "more", "code", "words"),
    [
        ("segfaults", (), errors.CRASHED, "was ended by SIGSEGV"),
        ("loops_in_c", (), errors.CRASHED, "did not return within 1.5 s"),
        ("raises_unprintably", (), errors.HELD, "half ?, bell ?"),
        ("raises_unprintably", ("--strict",), errors.VIOLATED, "half ?, bell ?"),
        ("seeds_numpy", (), errors.VIOLATED, "FAILED: it changes NumPy's global random state"),
        ("warns", (), errors.HELD, "note: it warns"),
        ("warns", ("--strict",), errors.VIOLATED, "note: it warns"),
    ],
)
def test_the_command_line_says_so_too(name, more, code, words, started):
    result = typed(name, *more)
    assert words in " ".join(result.output.split())
    assert result.exit_code == code
