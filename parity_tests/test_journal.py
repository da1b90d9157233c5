"""Work that is killed loses nothing that was finished, and no file is ever half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from parity.files import replace_file
from parity.journal import Journal

ABOUT = {"op": "special.erf", "dtype": "float32"}


def parts(path, about=None) -> dict:
    with Journal(path, about or ABOUT) as journal:
        return journal.parts


def write(path, **new) -> None:
    with Journal(path, ABOUT) as journal:
        for part, result in new.items():
            journal.add(part, result)


def test_finished_parts_are_there_at_the_next_start(tmp_path):
    write(tmp_path / "work.journal", first={"worst": 1.5}, second=[0.25])
    assert parts(tmp_path / "work.journal") == {"first": {"worst": 1.5}, "second": [0.25]}


@pytest.mark.parametrize("torn", ['{"part": "second", "res', "\n", "\x00\x00", '{"part": "second", "result": 1}'])
def test_a_last_line_that_a_kill_cut_short_is_dropped(tmp_path, torn):
    path = tmp_path / "work.journal"
    write(path, first=1)
    with path.open("a") as f:
        f.write(torn)
    assert parts(path) == {"first": 1}
    write(path, second=2)
    assert parts(path) == {"first": 1, "second": 2}


def test_a_journal_of_other_work_is_not_mixed_in(tmp_path):
    write(tmp_path / "work.journal", first=1)
    assert parts(tmp_path / "work.journal", {**ABOUT, "dtype": "float16"}) == {}


def test_a_finished_journal_is_removed(tmp_path):
    journal = Journal(tmp_path / "work.journal", ABOUT)
    journal.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, fails):
    path = tmp_path / "table.yaml"
    path.write_text("old")

    def broken(*args):
        raise OSError("no space left")

    monkeypatch.setattr(os, fails, broken)
    with pytest.raises(OSError, match="no space left"):
        replace_file(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path):
    """A process replaces a file of two megabytes as fast as it can, and is killed; each time the file is whole."""
    path = tmp_path / "evidence.json"
    code = (
        "import itertools, json, sys; from parity.files import replace_file\n"
        "for i in itertools.count():\n    replace_file(sys.argv[1], json.dumps([i] * 400_000))\n"
    )
    for wait in (0.0, 0.013, 0.029, 0.047):
        writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
        started = time.monotonic()
        while not path.exists() and time.monotonic() - started < 60:
            time.sleep(0.005)
        time.sleep(0.2 + wait)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        values = json.loads(path.read_text())
        assert len(values) == 400_000
        assert len(set(values)) == 1
