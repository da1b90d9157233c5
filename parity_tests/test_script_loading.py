"""Scripts construct the candidate as its own process does, whatever it is and wherever they run, and assert what is judged."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading

import numpy as np
import pytest

from parity.asking import Isolated
from parity.grading import Grading, InProcess
from parity.isolation import Candidate, Guest
from parity.loader import catalogue
from parity.report import loading
from parity.report.loading import loading_lines
from parity.report.script import script
from parity.validation import load_lines
from parity_tests.test_minimise import status

OP = "activations.leaky_relu"
KERNELS = """
import numpy as np
import torch

FACTOR = 2


def leaky(x, negative_slope=0.01):
    return np.where(x > 0, x, x * x.dtype.type(negative_slope)) * x.dtype.type(FACTOR)


def leaky_backward(dy, x, negative_slope=0.01):
    return (np.where(x > 0, dy, dy * x.dtype.type(negative_slope)) * x.dtype.type(FACTOR),)


class Options:
    def __init__(self, negative_slope=0.01):
        self.slope = negative_slope

    def forward(self, x):
        return leaky(x, self.slope)

    def backward(self, dy, x):
        return leaky_backward(dy, x, self.slope)


class Remembers:
    def forward(self, x, negative_slope=0.01):
        self.x, self.slope = x, negative_slope
        return leaky(x, negative_slope)

    def backward(self, dy):
        return leaky_backward(dy, self.x, self.slope)


class Module(torch.nn.Module):
    def __init__(self, negative_slope=0.01):
        super().__init__()
        self.slope = negative_slope

    def forward(self, x):
        return torch.nn.functional.leaky_relu(x, self.slope) * FACTOR


class Applied(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, negative_slope=0.01):
        ctx.save_for_backward(x)
        ctx.slope = negative_slope
        return torch.where(x > 0, x, x * negative_slope) * FACTOR

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, dy, dy * ctx.slope) * FACTOR, None


def tensors(x: torch.Tensor, negative_slope=0.01):
    return torch.nn.functional.leaky_relu(x, negative_slope) * FACTOR
"""
SCHEDULES = """
class Halves:
    lr = 1.0

    def step(self):
        self.lr /= 2


class Triples:
    def forward(self, x):
        return x * 3


def make():
    return Triples()
"""
RIGHT = KERNELS.replace("FACTOR = 2", "FACTOR = 1")
NAMES = ("leaky", "Options", "Remembers", "Module", "Applied", "tensors")
OBJECTS = {
    "an instance": lambda m: (m.Options(), None),
    "an instance of a torch module": lambda m: (m.Module(), None),
    "a local function": lambda m: (lambda x, negative_slope=0.01: m.leaky(x, negative_slope), m.leaky_backward),
    "a function": lambda m: (m.leaky, m.leaky_backward),
}


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """A module of wrong kernels in a folder on the path, which is the current one."""
    (tmp_path / "some_kernels.py").write_text(KERNELS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield importlib.import_module("some_kernels")
    sys.modules.pop("some_kernels", None)


def _scripts(candidate: Candidate, table, has_options: bool):
    """A script of each dtype and direction, made in the current folder."""
    with Guest(candidate) as guest:
        asker = Isolated(guest, catalogue()[OP])
        grading = Grading(OP, asker, table)
        for dtype in ("float32", "bfloat16"):
            for direction in ("forward", "backward"):
                checks = grading.checks(dtype, direction)
                chosen = next(c for c in checks if bool(c[1].options) == has_options)
                seen = grading.seen(*chosen)
                assert (seen.judged.grade, seen.party.error) == ("fail", "")
                yield script(seen, chosen[0], load_lines(candidate, asker)(direction, dtype))


def _run_here(text: str) -> tuple[int | None, str]:
    """Run a script in this process, with the module as it is in its file now."""
    kept, path = sys.modules.pop("some_kernels"), list(sys.path)
    importlib.invalidate_caches()
    try:
        return status(text)
    finally:
        sys.modules["some_kernels"], sys.path[:] = kept, path


def _assert_it_tells_right_from_wrong(texts, folder, elsewhere, monkeypatch):
    for text in texts:
        monkeypatch.chdir(elsewhere)
        failed, said = _run_here(text)
        (folder / "some_kernels.py").write_text(RIGHT)
        held, printed = _run_here(text)
        (folder / "some_kernels.py").write_text(KERNELS)
        monkeypatch.chdir(folder)
        assert (failed, held) == (1, 0), said + printed
        assert "is off by" in said


@pytest.mark.parametrize("name", NAMES)
def test_what_a_file_has(name, kernels, table, tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    backward = "some_kernels.py:leaky_backward" if name == "leaky" else None
    texts = _scripts(Candidate(f"some_kernels.py:{name}", backward), table, has_options=True)
    _assert_it_tells_right_from_wrong(texts, tmp_path, tmp_path_factory.mktemp("elsewhere"), monkeypatch)


@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_given_from_python(name, kernels, table, tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    texts = list(_scripts(Candidate(*OBJECTS[name](kernels)), table, has_options="instance" not in name))
    assert all(("pickle" in text) == (name != "a function") for text in texts[::2])
    _assert_it_tells_right_from_wrong(texts, tmp_path, tmp_path_factory.mktemp("elsewhere"), monkeypatch)


def test_a_script_runs_alone_in_any_folder(kernels, table, tmp_path, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    text = next(iter(_scripts(Candidate("some_kernels:Options"), table, has_options=True)))
    (elsewhere / "failure.py").write_text(text)
    for kernel, expected in ((KERNELS, 1), (RIGHT, 0)):
        (tmp_path / "some_kernels.py").write_text(kernel)
        ran = subprocess.run(
            [sys.executable, "-IB", "failure.py"], cwd=elsewhere, capture_output=True, text=True, timeout=120, check=False
        )
        assert ran.returncode == expected, ran.stdout + ran.stderr


def test_what_cannot_be_loaded_ends_with_two_and_the_reason(monkeypatch):
    held = threading.Lock()
    text = loading_lines(lambda x: held, "forward")
    code, said = status(f"import sys\n{text}")
    assert code == 2
    assert "the function that was given from Python has no source to load, and no pickle (TypeError" in said
    monkeypatch.setattr(loading, "LARGEST", 10)
    assert "too large" in loading_lines(lambda x: x, "forward")


@pytest.mark.parametrize(
    ("given", "settings", "call", "result"),
    [
        ("numpy:full_like", {"places": ("", "v"), "rename": {"fill_value": "v"}}, (np.zeros(2), 1.0), [1.0, 1.0]),
        ("numpy:flip", {"defaults": {"axis": 0}}, (np.arange(2.0),), [1.0, 0.0]),
        ("numpy:negative", {"fixed": ("axis",)}, (np.ones(1),), [-1.0]),
        ("numpy.random:shuffle", {"inplace": True}, (np.ones(2),), [1.0, 1.0]),
        ("math:floor", {"by_element": True}, (np.array([1.5, -0.5]),), [1.0, -1.0]),
        ("some_schedules:Halves", {"kind": "scheduler"}, (np.array([2, 0]),), [0.25, 1.0]),
        ("some_schedules:make", {"kind": "object"}, (np.ones(1),), [3.0]),
    ],
)
def test_settings_of_a_call(given, settings, call, result, tmp_path, monkeypatch):
    (tmp_path / "some_schedules.py").write_text(SCHEDULES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    names: dict = {"np": np, "sys": sys}
    exec(loading_lines(given, "forward", **settings), names)
    options = {"axis": 0} if "fixed" in settings else {}
    assert np.asarray(names["candidate"](*call, **options)).tolist() == result


# -- what a script asserts -----------------------------------------------------------------------------------------------------
TANH = """
import numpy as np
def candidate(dy, x):
    exact = dy / np.cosh(x.astype(np.longdouble)) ** 2
    return ((exact * (1 + FACTOR * np.longdouble(2) ** -24)).astype(x.dtype),)
"""


@pytest.mark.parametrize(("units", "grade"), [(0, "tight"), (5, "parity"), (15, "stable"), (64, "fail")])
def test_a_script_asserts_what_the_judge_does(units, grade, table):
    seen, check = _seen_tanh(units, table)
    assert seen.judged.grade == grade
    wrong, check = _seen_tanh(4096, table)
    text = script(wrong, check, TANH.replace("FACTOR", str(units)))
    assert "is a stable algorithm's (npimpl's budget" in text
    with np.errstate(all="ignore"):
        assert status(text)[0] == (grade == "fail")


def _seen_tanh(units, table):
    names: dict = {}
    exec(TANH.replace("FACTOR", str(units)), names)
    grading = Grading("activations.tanh", InProcess(None, names["candidate"]), table)
    check, case = grading.checks("float32", "backward")[0]
    return grading.seen(check, case), check


RELU = """
import numpy as np
def candidate(dy, x):
    return (dy * (x >= 0) * x.dtype.type(FACTOR),)
"""


def test_a_script_accepts_another_slope_at_a_kink_as_the_judge_does(table):
    names: dict = {}
    exec(RELU.replace("FACTOR", "2"), names)
    grading = Grading("activations.relu", InProcess(None, names["candidate"]), table)
    at_zero = (c for c in grading.checks("float32", "backward") if "zero" in c[0].hazard)
    seen, check = next((grading.seen(*c), c[0]) for c in at_zero)
    assert any((a == 0).any() for a in seen.evaluation.built.arrays)
    for factor, expected in (("2", 1), ("1", 0)):
        code, said = status(script(seen, check, RELU.replace("FACTOR", factor)))
        assert code == expected, said
