"""How a candidate is called: its options, its arrays, numbers and schedulers; and what is refused before it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from parity.asking import PATIENCE, Isolated
from parity.cases import Case
from parity.errors import ParityError
from parity.evaluate import Evaluation, prepare
from parity.given import option_of
from parity.grading import Grading
from parity.isolation import Candidate, Guest, Limits
from parity.loader import catalogue
from parity.placing import other_value, with_fixed
from parity.tolerances import read_table

pytestmark = pytest.mark.skipif(os.name != "posix", reason="isolation needs a POSIX system")
GUESTS = Path(__file__).parent / "guests"
FILE, MISBEHAVING, TORCH = (f"{GUESTS / name}.py:" for name in ("binding", "misbehaving", "binding_torch"))
HERE = str(Path(__file__).parent.parent)
ORDINARY = Case("ordinary")


@pytest.fixture
def asked():
    """A function that makes the asker of a candidate, whose process ends with the test."""
    guests: list[Guest] = []

    def make(name: str, op: str, limits: Limits | None = None, **given) -> Isolated:
        guests.append(Guest(Candidate(name if ":" in name else FILE + name, **given), limits))
        return Isolated(guests[-1], catalogue()[op])

    yield make
    for g in guests:
        g.close()


def evaluation(asker: Isolated, dtype: str = "float32", case: Case = ORDINARY, direction: str = "forward") -> Evaluation:
    return prepare(asker.pair, asker.fitted(case, direction), dtype, direction)


def is_right(asker: Isolated, case: Case, dtype: str = "float32", direction: str = "forward") -> bool:
    """Whether the candidate's answer is at parity, or better."""
    grading = Grading(asker.pair.op, asker, read_table())
    e = evaluation(asker, dtype, case, direction)
    seen = grading.observe(e.case, dtype, direction)
    assert seen is not None
    return seen.judged.grade in ("tight", "parity")


# -- options -------------------------------------------------------------------------------------------------------------------
def test_an_option_is_given_also_at_the_ops_default(asked):
    assert is_right(asked("flip", "tensor.flip"), Case("ordinary"))
    assert is_right(asked("total", "reductions.sum"), Case("ordinary"))


def test_an_option_is_not_repeated_where_the_candidate_has_the_same_default(asked):
    assert asked("total", "reductions.sum").explicit("forward") == {"axis": None, "keepdims": False}
    assert asked("npimpl.reductions:sum", "reductions.sum").explicit("forward") == {}


@pytest.mark.skipif(not catalogue()["normalization.rms_norm"].meaning, reason="the row does not say yet what None means")
def test_none_that_means_a_number_is_that_number(asked):
    asker = asked("rms_norm", "normalization.rms_norm")
    assert asker.explicit("forward", "float64") == {"eps": 2.0**-52}
    assert asker.explicit("forward", "float32") == {"eps": 2.0**-23}
    assert is_right(asker, ORDINARY)


def test_one_value_of_an_option_may_be_all_that_is_implemented(asked):
    asker = asked(TORCH + "tanh_gelu", "activations.gelu", fixed={"approximate": "tanh"})
    assert asker.fitted(Case("binades"), "forward").options == {"approximate": "tanh"}
    assert is_right(asker, Case("ordinary"))
    assert is_right(asker, Case("ordinary"), direction="backward")
    other = Case("approximate=none", options={"approximate": "none"})
    assert asker.lacks(asker.pair, other, "forward") == "implements approximate='tanh' only"
    assert asker.lacks(asker.pair, asker.fitted(Case("binades"), "forward"), "forward") == ""


def test_a_fixed_option_does_not_replace_the_cases_own():
    pair = catalogue()["activations.gelu"]
    other = Case("approximate=none", options={"approximate": "none"})
    assert with_fixed(pair, other, {"approximate": "tanh"}) is other
    assert other_value(pair, Case("ordinary"), {"approximate": "none"}) == ""
    assert other_value(pair, Case("ordinary"), {"approximate": "tanh"}) != ""


@pytest.mark.parametrize(
    ("text", "option"), [("approximate=tanh", ("approximate", "tanh")), ("axis=-1", ("axis", -1)), ("eps=1e-5", ("eps", 1e-5))]
)
def test_an_option_is_written_as_name_and_value(text, option):
    assert option_of(text) == option


# -- arrays --------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "op", "arrays", "directions"),
    [
        (TORCH + "silu", "activations.silu", "torch", ("forward", "backward")),
        ("relu_by_import", "activations.relu", "torch", ("forward", "backward")),
        (TORCH + "relu_of_numpy", "activations.relu", "numpy", ("forward",)),
    ],
)
def test_a_first_call_shows_which_arrays_it_takes(asked, name, op, arrays, directions):
    asker = asked(name, op)
    assert (asker.guest.about["arrays"], asker.directions) == (arrays, directions)
    assert asker.ask(evaluation(asker)).error == ""
    asker.guest.close()  # another process knows it from the start
    assert asker.ask(evaluation(asker)).error == ""
    assert asker.guest.about["arrays"] == arrays


def test_a_function_taken_by_value_is_asked_like_its_name(asked):
    from parity_tests.guests import binding_torch as binding

    def silu(x):
        return x / (1 + (-x).exp())

    silu.__globals__["torch"] = binding.torch
    try:
        guest = Guest(Candidate(silu))
        with guest:
            assert Isolated(guest, catalogue()["activations.silu"]).directions == ("forward", "backward")
    finally:
        del silu.__globals__["torch"]


@pytest.mark.parametrize("name", ["relu_", "relu_returned", TORCH + "torch_relu_"])
def test_a_function_may_work_in_place(asked, name):
    asker = asked(name, "activations.relu", inplace=True)
    for case in (Case("ordinary"), Case("layout_broadcast", layout="broadcast"), Case("empty", shapes={"x": (0,)})):
        assert is_right(asker, case)
    if "backward" in asker.directions:
        assert is_right(asker, Case("ordinary"), direction="backward")


def test_without_being_told_so_it_fails(asked):
    asker = asked("relu_returned", "activations.relu")
    assert asker.ask(evaluation(asker)).error_type in ("mutation", "alias")


# -- numbers, schedulers, optimizers -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["rate", "cached_rate", "Schedule", "Returning"])
@pytest.mark.parametrize("shape", [(16,), (3, 4), (), (0,)])
def test_a_schedule_may_be_a_function_of_one_step_or_a_scheduler(asked, name, shape):
    asker = asked(name, "schedules.cosine_annealing_lr")
    assert is_right(asker, Case("shaped", shapes={"step": shape}), "float64")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_elementwise_function_may_take_numbers(asked, dtype):
    asker = asked("relu_of_a_number", "activations.relu")
    assert is_right(asker, Case("ordinary"), dtype)
    assert is_right(asker, Case("scalar", shapes={"x": ()}), dtype)
    assert [r.kind for r in asker.conduct() if r.kind != "library"] == ["scalar"]


@pytest.mark.parametrize("param", [(), (3,)])
def test_an_optimizer_gets_arrays(asked, param):
    asker = asked(TORCH + "sgd", "optimizers.sgd")
    case = Case("steps", shapes={"param": param, "grad": (5, *param)}, options={"momentum": 0.9, "lr": 0.1})
    assert is_right(asker, case)


def test_an_optimizer_without_a_state_is_not_covered(asked):
    asker = asked("sgd_without_state", "optimizers.sgd")
    assert asker.lacks(asker.pair, Case("ordinary"), "forward") == "has no parameter `state`"


# -- what is refused -----------------------------------------------------------------------------------------------------------
REFUSED = {
    "arrays='cupy' is unknown; allowed: auto, numpy, torch, jax": lambda: Candidate("x:y", arrays="cupy"),
    "`timeout` is -1 seconds": lambda: Limits(seconds=-1),
    "`timeout` is nan seconds": lambda: Limits(seconds=float("nan")),
    "`memory` is 0 bytes": lambda: Limits(memory=0),
    "`total` is -3 seconds": lambda: Limits(total=-3),
    "is not NAME=VALUE": lambda: option_of("approximate"),
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_setting_without_sense_is_refused(words):
    with pytest.raises(ParityError, match=words.replace("(", r"\(")):
        REFUSED[words]()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rename": {"x": "xx"}}, "has no parameter 'xx'; the nearest is x"),
        ({"rename": {"xs": "x"}}, "the candidate has no parameter 'xs'; the nearest is x"),
        ({"fixed": {"slope": 1}}, "has no option 'slope'"),
        ({"forbid": ("nosuchlib",)}, "There is no library 'nosuchlib'"),
    ],
)
def test_a_name_that_nobody_has_is_refused(asked, given, words):
    with pytest.raises(ParityError) as caught:
        asked("relu", "activations.relu", **given)
    assert words in str(caught.value)


def test_a_library_that_is_known_may_be_forbidden_wherever_it_is(asked):
    asked(MISBEHAVING + "relu", "activations.relu", forbid=("torch", "tensorflow", "json"))
    asked("relu", "activations.relu", rename={"keepdim": "keepdims"})  # known anyway


# -- its process ---------------------------------------------------------------------------------------------------------------
PROGRAM = """
from parity.asking import Isolated
from parity.evaluate import prepare
from parity.cases import Case
from parity.isolation import Candidate, Guest
from parity.loader import catalogue
pair = catalogue()["activations.relu"]
with Guest(Candidate({candidate!r})) as guest:
    party = Isolated(guest, pair).ask(prepare(pair, Case("ordinary"), "float32", "forward"))
with open({told!r}, "w") as f:
    f.write(party.error or "returned")
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams_end_nothing(tmp_path, closed):
    told, program = tmp_path / "told", tmp_path / "program.py"
    program.write_text(PROGRAM.format(candidate=MISBEHAVING + "relu", told=str(told)))
    subprocess.run(f"{sys.executable} {program} {closed}", shell=True, check=False, env={**os.environ, "PYTHONPATH": HERE})
    assert told.read_text() == "returned"


def test_numpys_error_handling_is_seen_to_change_from_what_is_usual(asked):
    asker = asked("quiet_relu", "activations.relu")
    assert asker.ask(evaluation(asker)).error == ""
    assert any("np.seterr" in r.text and r.fails for r in asker.conduct())


def test_an_interpreter_without_bfloat16_is_told_of_and_not_killed(tmp_path, asked):
    site = Path(np.__file__).parent.parent
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    (place,) = (tmp_path / "bare" / "lib").glob("python*/site-packages")
    for name in ("numpy", "numpy.libs"):
        if (site / name).exists():
            (place / name).symlink_to(site / name)
    asker = asked(MISBEHAVING + "relu", "activations.relu", python=str(tmp_path / "bare" / "bin" / "python"))
    assert asker.tired("bfloat16", "forward") == "its interpreter has no bfloat16; install ml_dtypes there"
    assert asker.tired("float32", "forward") == ""
    party = asker.ask(evaluation(asker, "bfloat16"))
    assert (party.error_type, asker.guest.deaths) == ("NoOption", 0)


PARENT = """
import sys, threading
import numpy as np
from parity.isolation import Candidate, Guest, Limits
def run():
    guest = Guest(Candidate({candidate!r}), Limits(seconds=1))
    guest.start()
    print(guest._process.pid, flush=True)
    guest.limits = Limits(seconds=600)
    guest.call("forward", [np.array([np.inf])], {{}})
thread = threading.Thread(target=run)
(thread.start(), thread.join()) if {thread} else run()
"""


@pytest.mark.parametrize(
    ("name", "thread"), [("loops_in_c", False), ("loops_in_python", True), ("ignores_all_signals_and_sleeps", True)]
)
def test_a_process_ends_with_that_of_the_engine(name, thread):
    text = PARENT.format(candidate=MISBEHAVING + name, thread=thread)
    with subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": HERE}
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.5)
        parent.kill()
        end = time.monotonic() + 10
        while time.monotonic() < end and _is_alive(child):
            time.sleep(0.1)
    assert not _is_alive(child)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_exhausted_memory_is_given_up_on_everywhere(asked):
    asker = asked("fills_its_memory", "activations.relu", Limits(memory=1 << 28))
    for _ in range(PATIENCE["memory"]):
        assert asker.tired("float32", "forward") == ""
        assert asker.ask(evaluation(asker)).error_type == "MemoryError"
    for dtype in ("float32", "float64"):
        assert asker.tired(dtype, "backward") == "not asked, since the candidate had run out of memory 3 times"


def test_all_checks_together_have_a_limit(asked):
    asker = asked(MISBEHAVING + "relu", "activations.relu", Limits(total=0.5))
    assert asker.tired("float32", "forward") == ""
    asker.guest.spent += 0.5
    assert asker.tired("float32", "forward") == "not asked, since all checks together may take 0.5 s"


def cases(asker: Isolated) -> list[Case]:
    return [c for _, c in Grading(asker.pair.op, asker, read_table()).checks("float32", "forward")]


# -- asking ahead --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["segfaults", "loops_in_c"])
def test_a_death_belongs_to_the_input_that_it_was_met_with(asked, name):
    """The next input is asked while the truth of this one is found."""
    asker = asked(MISBEHAVING + name, "activations.relu", Limits(seconds=1.0))
    asker.directions = ("forward",)
    infinite = [c.name for c in cases(asker) if np.isinf(prepare(asker.pair, c, "float32", "forward").built.arrays[0]).any()]
    (grade,) = Grading(asker.pair.op, asker, read_table()).grades(["float32"])
    assert "infinities" in infinite
    found = [v.check.hazard for v in grade.failures]  # after so many deaths of one kind the rest is not asked
    assert found == infinite[: len(found)]
    assert len(found) >= min(len(infinite), min(PATIENCE.values()))


# -- what came back ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("returns_a_list", "list [inf, 0.0, "),
        ("returns_a_dict", "dict {'array': "),
        ("returns_a_generator", "generator <generator "),
    ],
)
def test_an_output_that_is_no_array_is_shown(asked, name, shown):
    asker = asked(MISBEHAVING + name, "activations.relu")
    case = next(c for c in cases(asker) if c.name == "infinities")
    (output,) = asker.ask(evaluation(asker, case=case)).outputs
    assert repr(output).startswith(shown)
    assert len(repr(output)) < 100
