"""`parity search`: what it shows, writes and keeps, and what it refuses in one sentence."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from parity import evidence as evidence_file
from parity.cli import Parity
from parity.commands.search import search as command

MAIN = Parity("parity", commands={"search": command})


def parity(*words):
    return CliRunner().invoke(MAIN, ["search", *words])


def test_the_command_shows_every_party_in_hexadecimal():
    shown = parity("erfc", "--dtype", "float64", "--direction", "forward", "--budget", "800")
    assert shown.exit_code == 0
    for text in (
        "special.erfc forward float64",
        "ours: ",
        "scipy (worst of all): ",
        "units, ",
        " ulp",
        "truth ",
        "0x1.",
        "next  x = ",
    ):
        assert text in shown.output


def test_the_command_writes_json(tmp_path):
    path = tmp_path / "found.json"
    words = ("--dtype", "float32", "--direction", "backward", "--budget", "5", "--who", "torch")
    assert parity("reductions.var", *words, "--json", str(path)).exit_code == 0
    data = json.loads(path.read_text())
    assert {x["who"] for x in data} == {"torch"}
    assert {"units", "results", "witness", "element"} <= set(data[0])
    assert json.loads(parity("reductions.var", *words, "--json", "-").output) == data
    assert "cannot be written" in parity("reductions.var", *words, "--json", str(tmp_path / "no" / "x.json")).stderr


def test_the_command_keeps_witnesses(tmp_path, monkeypatch):
    path = tmp_path / "evidence.json"
    monkeypatch.setattr(evidence_file, "evidence_path", lambda: path)
    assert parity("special.erfc", "--dtype", "float64", "--budget", "800", "--write").exit_code == 0
    kept = evidence_file.read_evidence().witnesses
    assert {f"special.erfc forward float64 {who}" for who in ("ours", "torch", "scipy")} <= set(kept)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("special",), 2, "is a family"),
        (("nothing",), 2, "is no op or family"),
        (("tensor.one_hot",), 2, "takes no floating-point array"),
        (("reductions.argmax",), 5, "nothing to search"),
        (("special.erf", "--dtype", "float16", "--direction", "forward"), 5, "tries every float16 input"),
        (("calculus.jacobian", "--dtype", "float16"), 5, "is not judged in float16"),
        (("special.erf", "--seeds", "2"), 2, "3"),
    ],
)
def test_the_command_says_what_it_cannot_search(words, code, sentence):
    shown = parity(*words)
    assert shown.exit_code == code
    assert sentence in shown.output
