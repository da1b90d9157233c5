"""The command line as a user types it: output, errors in one sentence, exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import parity
from parity.cli import main
from parity.commands.output import write


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Commands that write files do so in a folder of their own."""
    monkeypatch.chdir(tmp_path)


def call(*args: str):
    return CliRunner().invoke(main, args)


def test_run_prints_a_table_and_counts_everything():
    done = call("run", "activations.relu", "--dtype", "float32", "--quiet")
    assert done.exit_code == 0, done.output
    assert re.search(r"activations\.relu +float32", done.output)
    last = done.output.strip().splitlines()[-1]
    assert re.fullmatch(
        r"1 ops, \d+ checks, \d+ held, \d+ skipped.*, \d+ known differences of the references, 0 violated\.", last
    )


def test_run_selects():
    by_name = json.loads(call("run", "torch.nn.functional.softmax", "--dtype", "float32", "--json", "-", "--quiet").output)
    assert {c["op"] for c in by_name["checks"]} == {"activations.softmax"}
    one = json.loads(
        call("run", "softmax", "--reference", "truth", "--direction", "backward", "--hazard", "one_inf", "--json", "-").output
    )
    assert {(c["direction"], c["reference"]) for c in one["checks"]} == {("backward", "truth")}
    assert all(c["hazard"].endswith("one_inf") for c in one["checks"])


def test_two_runs_print_the_same_bytes():
    args = ("run", "activations.softmax", "sampling.gumbel_softmax", "--json", "-", "--quiet", "--jobs", "1")
    assert call(*args).output == call(*args).output


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("run", "sofmax"), 2, "activations.softmax"),
        (("run", "nonsense_xyz"), 2, "no op or family"),
        (("run", "relu", "--hazard", "no_such_hazard"), 5, "Nothing is selected"),
        (("run", "relu", "--dtype", "float8"), 2, "float8"),
        (("run", "relu", "--direction", "distribution"), 5, "Nothing is selected"),
        (("table", "sofmax"), 2, "nearest names"),
        (("table", "--file", "nothing.yaml"), 2, "cannot be read"),
        (("explain", "losses"), 2, "family"),
        (("replay", "rubbish"), 2, "no check id"),
        (("replay", "activations.relu-float32-forward-torch-nothing"), 2, "nearest names"),
        (("validate", "nothing.py:f"), 2, "--op activations.softmax"),
        (("validate", "nothing.py:f", "--op", "relu", "--all"), 2, "--op activations.softmax"),
        (("validate", "nothing.py", "--all"), 2, "no file"),
        (("validate", "json", "--all"), 5, "named like an op"),
        (("validate", "math:exp", "--op", "exp", "--rename", "dim"), 2, "THEIRS=OURS"),
        (("validate", "math:exp", "--op", "relu", "--python", "/no/such/python"), 2, "cannot be started"),
        (("validate", "nothing.py:f", "--op", "relu"), 2, "no file"),
        (("validate", "no colon", "--op", "relu"), 2, "FILE.py:FUNCTION"),
        (("validate", "math:nothing", "--op", "relu"), 2, "has no 'nothing'"),
        (
            ("run", "relu", "--json", "/no/such/folder/x.json", "--dtype", "float16", "--hazard", "ordinary"),
            2,
            "cannot be written",
        ),
    ],
)
def test_bad_input_gets_one_sentence_and_an_exit_code(args, code, words):
    done = call(*args)
    assert done.exit_code == code, done.output
    assert words in done.output
    assert "Traceback" not in done.output


def test_table_formats():
    assert "activations.softmax" in call("table").output
    rows = list(csv.DictReader(io.StringIO(call("table", "losses", "--format", "csv").output)))
    assert all(r["op"].startswith("losses.") for r in rows)
    assert set(json.loads(call("table", "activations.softmax", "--format", "json").output)) == {"activations.softmax"}
    assert call("table", "activations.softmax", "--format", "markdown").output.startswith("| op |")
    assert "why" in call("table", "softmax").output


def test_explain_shows_every_piece():
    text = call("explain", "activations.softmax", "--no-measure").output
    for piece in (
        "activations.softmax(x, axis=-1)",
        "softmax_backward",
        "definition",
        "references: torch",
        "one_inf",
        "scale",
        "why",
    ):
        assert piece in text, piece


def test_replay_shows_inputs_and_every_party():
    done = call("replay", "activations.softmax-float32-forward-torch-one_hot")
    assert done.exit_code == 0
    for piece in ("input x", "ours 0", "torch 0", "truth 0", "hex"):
        assert piece in done.output


def test_list_counts():
    assert re.search(r"\d+ ops, \d+ checks\.", call("list").output)
    assert "activations.relu-float32-forward-torch-ordinary" in call("list", "relu", "--checks").output


CANDIDATES = """
import numpy as np

def right(x, axis=-1):
    e = np.exp(x.astype(np.float64) - np.max(x, axis=axis, keepdims=True, initial=-np.inf).astype(np.float64))
    return (e / e.sum(axis=axis, keepdims=True)).astype(x.dtype)

def unshifted(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)

def list_result(x, axis=-1):
    return [1, 2, 3]

def raises(x, axis=-1):
    raise RuntimeError("out of luck")

def writes(x, axis=-1):
    x -= x.max(axis=axis, keepdims=True)
    return right(x, axis)

def wide(x, axis=-1):
    return right(x.astype(np.float64), axis)

def flat(x, axis=-1):
    return right(x, axis).reshape(-1)

def no_option(x):
    return right(x)

def backward(grad_output, x, axis=-1):
    y = right(x.astype(np.float64), axis)
    dy = grad_output.astype(np.float64)
    return ((y * (dy - (dy * y).sum(axis=axis, keepdims=True))).astype(x.dtype),)

number = 3
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CANDIDATES)
    return lambda name: f"{path}:{name}"


def validate(mine, name, *more):
    return call("validate", mine(name), "--op", "activations.softmax", "--dtype", "float32", *more)


def test_a_right_candidate_passes(mine, tmp_path):
    out = tmp_path / "out.json"
    done = validate(mine, "right", "--backward", mine("backward"), "--json", str(out))
    assert done.exit_code == 0, done.output
    assert json.loads(out.read_text())["grade"] in ("tight", "parity", "stable")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("unshifted", "nan where none is expected"),
        ("list_result", "returned list, an array was expected"),
        ("raises", "raised RuntimeError: out of luck"),
        ("writes", "writes into its input"),
        ("wide", "has dtype float64, expected float32"),
        ("flat", "has shape"),
    ],
)
def test_a_wrong_candidate_fails_with_its_reason(mine, name, words):
    done = validate(mine, name)
    assert done.exit_code == 1, done.output
    assert words in done.output
    assert "grade: fail" in done.output


def test_a_missing_option_is_counted_not_guessed(mine):
    done = validate(mine, "no_option")
    assert "not covered" in done.output
    assert "has no option `axis`" in done.output


def test_not_a_function(mine):
    done = validate(mine, "number")
    assert (done.exit_code, "not a function" in done.output) == (2, True)


def test_the_python_interface_has_faces():
    result = parity.run("activations.relu", dtypes=["float32"], references=["truth"])
    assert "parity run" in repr(result)
    assert "<table>" in result._repr_html_()
    graded = parity.validate(lambda x: x * (x > 0), "activations.relu", dtypes="float32")
    assert graded.grade == "fail"  # inf * 0 is nan, and relu(-inf) is 0
    assert "<table>" in graded._repr_html_()
    assert "activations.relu" in repr(parity.table("activations.relu"))
    with pytest.raises(TypeError, match="holds"):
        bool(result)


def test_every_format_says_the_same(mine):
    done = validate(mine, "unshifted", "--json", "out.json", "--junit", "out.xml", "--scripts", "programs", "--seed", "7")
    data = json.loads(Path("out.json").read_text())
    assert (done.exit_code, data["grade"], data["seed"]) == (1, "fail", 7)
    assert data["options"] == {"axis": ["0", "1", "-2"]}
    assert data["referee"] == "the definition in ball arithmetic, with proof"
    (finding,) = data["findings"]
    assert "subtract the maximum" in finding["cause"]
    assert Path("programs/activations.softmax-1.py").read_text() == finding["script"]
    suite = ElementTree.parse("out.xml").getroot().find("testsuite")
    assert suite is not None
    failed = [c.get("name") for c in suite if c.find("failure") is not None]
    assert suite.get("failures") == str(len(failed)) == str(len(finding["checks"]))
    assert "float32-forward-one_inf" in failed


def test_a_seed_draws_the_same_fresh_inputs(mine):
    first, again, other = (validate(mine, "right", "--json", "-", "--seed", s).output for s in ("7", "7", "8"))
    assert first == again
    assert first != other


def test_parameters_of_other_names(tmp_path):
    (tmp_path / "named.py").write_text("import numpy as np\n\ndef total(x, along=None):\n    return np.asarray(x.sum(along))\n")
    args = ("validate", "named.py:total", "--op", "reductions.sum", "--dtype", "float64", "--json", "-")
    without, renamed = (json.loads(call(*args, *more).output) for more in ((), ("--rename", "along=axis")))
    assert "has no option `axis`" in str(without["grades"])
    assert "has no option `axis`" not in str(renamed["grades"])
    assert "axis" in renamed["options"]


def test_a_whole_module(tmp_path):
    text = """
import numpy as np

def relu(x):
    return np.maximum(x, 0)

def relu_backward(grad_output, x):
    return (grad_output * (x > 0),)

def silu(x):
    return x / (1 + np.exp(-x))

def helper(x):
    return x
"""
    (tmp_path / "kernels.py").write_text(text)
    done = call("validate", "kernels.py", "--all", "--dtype", "float32")
    table = {line.split()[0]: line.split()[1:] for line in done.output.splitlines() if line.startswith("kernels.py:")}
    assert {k: v[:2] for k, v in table.items()} == {
        "kernels.py:relu": ["activations.relu", "tight"],
        "kernels.py:silu": ["activations.silu", "stable"],
    }
    assert done.exit_code == 0


def test_json_goes_through_a_link_and_into_a_pipe_and_replaces_neither(tmp_path):
    kept, link = tmp_path / "kept.json", tmp_path / "link.json"
    kept.write_text("old")
    link.symlink_to(kept)
    write(str(link), "new\n")
    assert (link.is_symlink(), kept.read_text()) == (True, "new\n")
    words = [sys.executable, "-m", "parity", "audit", "ours", "activations.relu", "--json", "/dev/stdout"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert shown.startswith('{\n "party": "ours"')
    assert Path("/dev/stdout").is_symlink()
