"""The README, typed as a new user would type it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import parity
from parity.cli import main

ROOT = Path(parity.__file__).resolve().parent.parent
README = ROOT / "README.md"
pytestmark = pytest.mark.skipif(not README.exists(), reason="an installed copy has no README")


def _section(title: str) -> str:
    return README.read_text(encoding="utf-8").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def _shown(lines: list[str], output: str) -> None:
    """Every shown line is printed, in this order; "..." stands for anything, on a line of its own for any lines."""
    rest = iter(output.splitlines())
    for line in (x for x in lines if x not in ("", "...")):
        pattern = ".*".join(map(re.escape, line.split("...")))
        assert any(re.fullmatch(pattern, printed.rstrip()) for printed in rest), f"{line!r} is not (here) in:\n{output}"


def test_the_failing_example_is_what_is_printed(monkeypatch):
    monkeypatch.chdir(ROOT)
    command, _, shown = _blocks(_section("A failing example"), "console")[0].partition("\n")
    done = CliRunner().invoke(main, shlex.split(command)[2:])
    assert done.output.strip() == shown.strip()
    assert done.exit_code == 1


def test_a_new_user_validates_a_softmax_in_a_minute(tmp_path):
    """The walk: the file with the bug, the bug explained, its script, the mended file; each command as it is shown."""
    section = _section("Validate your own, in a minute")
    (tmp_path / "my_kernels.py").write_text(_blocks(section, "python")[0], encoding="utf-8")
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    started = time.monotonic()
    codes = []
    for block in _blocks(section, "console"):
        for command in re.split(r"^\$ ", block, flags=re.M)[1:]:
            typed, _, shown = command.partition("\n")
            done = subprocess.run(typed, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
            assert done.stderr == ""
            _shown(shown.splitlines(), done.stdout)
            codes.append(done.returncode)
    assert codes == [1, 0, 0]
    script = subprocess.run([sys.executable, ".parity/activations.softmax-1.py"], cwd=tmp_path, capture_output=True, text=True)
    assert script.returncode == 0, "the mended softmax must not show the failure any more"
    assert time.monotonic() - started < 60
