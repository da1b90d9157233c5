"""`parity validate` as a user meets it: the first line, gates, domains, and what else its report must say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import parity
from parity.cli import main
from parity.runner import cases

KERNELS = """
import numpy as np

def softmax(x, axis=-1):
    z = x.astype(np.float64)
    if x.ndim == 0:
        raise ValueError("one number is no row")
    e = np.exp(z - z.max(axis, keepdims=True, initial=-np.inf))
    return (e / e.sum(axis, keepdims=True)).astype(x.dtype)

def softmax_backward(grad_output, x, axis=-1):
    g, y = grad_output.astype(np.float64), softmax(x.astype(np.float64), axis)
    return ((y * (g - (g * y).sum(axis, keepdims=True))).astype(x.dtype),)

def flip(image, data_format="NCHW"):
    axis = {"NCHW": 3, "NHWC": 2}[data_format]
    return np.take(image, np.arange(image.shape[axis])[::-1], axis=axis)

def relu(x):
    np.maximum(x, x.dtype.type(0), out=x)
    return x

def gelu(x):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        return (0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z * z * z)))).astype(x.dtype)

def silu(x):
    return x
"""
TORCH = """
import torch

def silu(x):
    return x / (1 + (-x).exp())
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "kernels.py").write_text(KERNELS)
    (tmp_path / "tensors.py").write_text(TORCH)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*args: str):
    return CliRunner().invoke(main, ["validate", *args])


SOFTMAX = ("kernels.py:softmax", "--op", "softmax", "--dtype", "float32")


def test_the_first_line_is_the_verdict_in_words_and_a_limit_is_no_failure(here):
    done = call(*SOFTMAX)
    assert done.output.splitlines()[0] == "right: tight in float32; 1 limit"
    assert "refuses: 0-d arrays, for example ValueError: one number is no row (" in done.output
    assert done.output.splitlines()[-1].startswith("grade: tight, 1 limit (")
    assert done.exit_code == 0


@pytest.mark.parametrize("strict", [["--strict"], ["--strict=tight"], ["--strict=stable"]])
def test_a_gate_turns_every_limit_into_a_failure(here, strict):
    done = call(*SOFTMAX, *strict)
    assert done.output.startswith("not right enough: --strict=")
    assert done.exit_code == 1


def test_a_direction_is_never_left_out_in_silence(here):
    assert "The gradient is not judged: the candidate has none; give it with --backward" in " ".join(
        call(*SOFTMAX).output.split()
    )
    both = call(*SOFTMAX, "--backward", "softmax_backward")
    assert "not judged" not in both.output
    assert both.exit_code == 0, both.output
    one = call(*SOFTMAX, "--backward", "softmax_backward", "--direction", "forward")
    assert "The gradient is not judged: it was not asked for" in " ".join(one.output.split())


def test_a_domain_that_would_apply_is_proposed_and_applies(here):
    flip = ("kernels.py:flip", "--op", "horizontal_flip", "--dtype", "float32", "--direction", "forward")
    wrong = call(*flip)
    assert wrong.exit_code == 1
    assert '--where "image.ndim == 4"' in " ".join(wrong.output.split())
    right = call(*flip, "--where", "x.ndim == 4")
    assert right.exit_code == 0, right.output
    assert "not covered: " in right.output


def test_a_hazard_that_is_skipped_is_not_covered(here):
    of_a_number = [c.name for c in cases("activations.softmax") if c.condition == "0-d arrays"]
    done = call("kernels.py:softmax", "--op", "softmax", "--dtype", "float32", *(f"--skip={name}" for name in of_a_number))
    assert done.output.splitlines()[0] == "right: tight in float32"
    assert "single_number: skipped" in done.output


def test_an_implementation_of_one_value_of_an_option_is_judged_at_it(here):
    gelu = ("kernels.py:gelu", "--op", "gelu", "--dtype", "float32", "--direction", "forward")
    assert call(*gelu).exit_code == 1
    done = call(*gelu, "--option", "approximate=tanh")
    assert done.exit_code == 0, done.output


def test_a_kernel_that_works_in_place_is_judged_by_what_it_leaves(here):
    relu = ("kernels.py:relu", "--op", "relu", "--dtype", "float32", "--direction", "forward")
    assert "writes into its input" in call(*relu).output
    assert call(*relu, "--inplace").exit_code == 0


@pytest.mark.parametrize("form", ["--rename dim=axiss", "--rename dim", "--option approximate", "--forbid nosuchlib"])
def test_a_word_that_means_nothing_is_a_usage_error(here, form):
    done = call(*SOFTMAX, *form.split())
    assert (done.exit_code, len(done.output.strip().splitlines())) == (2, 1), done.output


def test_json_and_junit_hold_limits_and_every_check(here):
    done = call(*SOFTMAX, "--json", "out.json", "--junit", "out.xml")
    data, suite = json.loads(Path("out.json").read_text()), ElementTree.parse("out.xml").getroot()[0]
    (limit,) = data["limits"]
    assert (limit["kind"], limit["text"], data["verdict"]) == ("refuses", "0-d arrays", done.output.splitlines()[0])
    assert int(suite.get("tests")) == data["grades"][0]["checks"] + len(limit["checks"])
    assert suite.get("failures") == "0"
    strict = call(*SOFTMAX, "--strict", "--junit", "out.xml")
    assert int(ElementTree.parse("out.xml").getroot()[0].get("failures")) >= 1, strict.output


def test_a_failing_candidate_has_as_many_tests_as_a_passing_one(here):
    counts = []
    for name, op in (("softmax", "softmax"), ("silu", "softmax")):
        call(f"kernels.py:{name}", "--op", op, "--dtype", "float32", "--skip", "axis", "--junit", "out.xml", "--seed", "1")
        cases = ElementTree.parse("out.xml").getroot()[0].findall("testcase")
        counts.append(len([c for c in cases if not c.get("name").startswith("conduct")]))
    assert counts[0] == counts[1]


def test_a_report_is_not_lost_where_scripts_cannot_be_written(here):
    (here / ".parity").write_text("a file where the folder should be")
    done = call("kernels.py:silu", "--op", "silu", "--dtype", "float32", "--direction", "forward")
    assert done.exit_code == 1
    assert "no scripts: '.parity' cannot be written" in done.output
    assert "wrong: " in done.output


def test_a_module_is_validated_in_the_order_of_its_names(here):
    done = call("kernels.py", "--all", "--dtype", "float32", "--direction", "forward")
    shown = re.findall(r"^(\w+) as ", done.output, re.M)
    assert shown == sorted(shown)
    assert {"gelu", "relu", "silu", "softmax"} <= set(shown)


def test_a_torch_function_without_annotations_has_one_verdict_everywhere(here, pytester_like):
    """Command line, Python and pytest: tensors are found out, and the gradient is judged by autograd."""
    line = call("tensors.py:silu", "--op", "silu", "--dtype", "float32", "--seed", "3").output.splitlines()[0]
    result = parity.validate(f"{here}/tensors.py:silu", "silu", dtypes="float32", seed=3)
    assert result.verdict() == line
    assert {g.direction for g in result.grades} == {"forward", "backward"}
    collected = pytester_like(
        "import parity\nfrom tensors import silu\ntest_silu = parity.tests('silu', silu, dtypes='float32')\n"
    )
    assert any("float32-backward-ordinary" in name for name in collected)


@pytest.fixture
def pytester_like(here):
    """The names of the tests that pytest collects from a module."""

    def collected(text: str) -> list[str]:
        (here / "test_mine.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "test_mine.py"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(Path(parity.__file__).parent.parent)])}
        return subprocess.run(command, capture_output=True, text=True, cwd=here, env=env, check=True).stdout.splitlines()

    return collected


def test_progress_is_told_after_every_check(here):
    from parity.request import validation
    from parity.validation import validate

    told = []
    result = validate(
        validation("kernels.py:softmax", "softmax", dtypes="float32"), progress=lambda done, all_: told.append((done, all_))
    )
    assert told == [(k, len(told)) for k in range(1, len(told) + 1)]
    assert len(told) >= result.checks
