"""What a failure shows: numbers in full, commands that run as they are printed, and what `--write` refuses."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import parity
from parity import evidence, loader
from parity.check.verdict import Outcome
from parity.cli import main
from parity.evaluate import Party, library
from parity.formats import DTYPES
from parity.oracle import Truth
from parity.report.numbers import element_shown, exact_shown
from parity.report.terminal import replay_command
from parity.runner import evaluated, failure_detail
from parity.verdict import Check

OWN = """
from parity.own import Data, own_op

def square(x):
    return x * x * 2

def reference(x):
    return x * x

OPS = [own_op("mine.square", square, arrays=(Data("x", (3,)),), torch=reference)]
"""
ROW = """
mine.square:
  scale: "|y|"
  why: "One product."
  budget:
    forward: {float64: 1, float32: 1, float16: 1, bfloat16: 1}
"""
NO_ERROR = "activations.tanh:\n  budget:\n    forward: {float32: 0}\n"


# -- numbers -----------------------------------------------------------------------------------------------------------------
def _truth(hi: float, lo: float = 0.0, dtype: str = "float32", sign: float = 0.0) -> Truth:
    high = np.array([hi])
    with np.errstate(over="ignore"):
        return Truth(high.astype(DTYPES[dtype]), high, np.array([lo]), abs(high), np.array([sign]))


@pytest.mark.parametrize(
    ("truth", "shown"),
    [
        (_truth(0.5179812810394), "0.51798128103… (0x1.0934d80000000p-1 when rounded)"),
        (_truth(0.5), "0.5 (0x1.0000000000000p-1)"),
        (_truth(1 / 3, 1e-20, "float64"), "0.33333333333333331483961… (0x1.5555555555555p-2 when rounded)"),
        (_truth(1e300), "1.0000000…e300 (inf when rounded)"),
        (_truth(1e-50), "1.0000000…e-50 (0x0.0p+0 when rounded)"),
        (_truth(np.nan), "nan (nan)"),
        (_truth(0.0, sign=-1.0), "-0.0 (-0x0.0p+0)"),
        (_truth(2.718281828, dtype="bfloat16"), "2.7182818… (0x1.5c00000000000p+1 when rounded)"),
        (Truth(np.array([3])), "3"),
    ],
)
def test_the_truth_is_told_from_its_rounding(truth, shown):
    assert exact_shown(truth, (0,)) == shown


def test_what_is_not_there_is_said():
    assert exact_shown(_truth(1.0), (5,)) == element_shown((np.ones(1),), 0, (5,)) == "nothing there"


def test_the_detail_of_a_candidate_names_npimpl(table):
    e = evaluated("activations.tanh", "ordinary", "float32", "forward")
    e.parties["candidate"] = Party((e.truths[0].value,))
    e.party("ours", library(e.pair))
    outcome = Outcome(False, "values", 1.0, (0, 0))
    of_candidate, of_run = failure_detail(e, outcome, "candidate"), failure_detail(e, outcome, "ours")
    del e.parties["candidate"]
    assert "npimpl" in of_candidate
    assert "ours" not in of_candidate
    assert "ours" in of_run
    assert re.search(r"\d… \(-?0x\S+ when rounded\)", str(of_run["truth"]))


# -- commands ----------------------------------------------------------------------------------------------------------------
@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, of a name that a shell would split."""
    found = tmp_path / "my ops"
    found.mkdir()
    (found / "mine.py").write_text(OWN)
    (found / "mine.yaml").write_text(ROW)
    (found / "strict one.yaml").write_text(NO_ERROR)
    monkeypatch.chdir(tmp_path)
    yield found
    loader.forget()


def _replayed(*words: str) -> tuple[str, str]:
    """The first replay command that a run prints, and what it prints itself."""
    shown = CliRunner().invoke(main, ["run", *words, "--jobs", "1", "--quiet"]).output
    command = next(line.split(":", 1)[1].strip() for line in shown.splitlines() if line.strip().startswith("replay:"))
    loader.forget()
    program, *arguments = shlex.split(command)
    assert program == "parity"
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 1, again.output
    return command, again.output


def test_the_replay_of_an_own_op_has_its_files(folder):
    words = ["--ops", "my ops/mine.py", "--tolerances", "my ops/mine.yaml", "--dtype", "float32", "--hazard", "ordinary"]
    command, shown = _replayed(*words)
    assert command.endswith("--ops 'my ops/mine.py' --tolerances 'my ops/mine.yaml'")
    assert "mine.square-float32-forward-truth-ordinary: violated" in shown
    assert command in shown


def test_the_replay_of_an_overlay_has_it(folder):
    command, shown = _replayed(
        "activations.tanh", "--tolerances", "my ops/strict one.yaml", "--dtype", "float32", "--direction", "forward",
        "--reference", "truth", "--hazard", "ordinary",
    )  # fmt: skip
    assert command == "parity replay activations.tanh-float32-forward-truth-ordinary --tolerances 'my ops/strict one.yaml'"
    assert ": violated" in shown


def test_an_id_is_quoted_where_a_shell_needs_it():
    check = Check("activations.tanh", "float32", "forward", "truth", "shape=(1, 2)")
    assert replay_command(check) == "parity replay 'activations.tanh-float32-forward-truth-shape=(1, 2)'"


# -- files of others -----------------------------------------------------------------------------------------------------------
def test_search_does_not_write_into_an_installed_package(monkeypatch):
    package = Path(parity.__file__).parent
    monkeypatch.setattr(evidence, "evidence_path", lambda: package / "evidence.json")
    done = CliRunner().invoke(main, ["search", "special.erfc", "--write"])
    assert done.exit_code == 2
    assert "this is an installed package; search with --json FILE" in done.output
    assert done.output.count("\n") == 1
