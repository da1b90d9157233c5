"""The reader of the table: everything that is not plain is refused, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.errors import ParityError, TableError
from parity.tolerances import read_table

GOOD = """\
losses.mse_loss:
  scale: "|y|"
  why: A sum of squares of exact differences.
  budget:
    forward: {float64: 2, float32: 1.02}
"""


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def reader(text: str):
        path = tmp_path / "table.yaml"
        path.write_text(text, encoding="utf-8")
        return read_table(path)

    return reader


def test_a_good_table(read):
    row = read(GOOD).rows["losses.mse_loss"]
    assert row.budget("ours", "forward", "float32") == 1.02
    assert row.budget("ours", "backward", "float32") is None
    assert read(GOOD).rows["losses.mse_loss"].data == row.data  # the second time from the cache


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("float64: 2", "float64: -2"), 5, "-2 is less than the minimum"),
        (("float64: 2", "float64: .nan"), 5, ".nan where a finite number belongs"),
        (("float64: 2", "float64: .inf"), 5, ".inf where a finite number belongs"),
        (("float64: 2", "float64: 1e999"), 5, "overflows"),
        (("float64: 2", "float64: two"), 5, "is not of type 'number'"),
        (("float64: 2", "float64: 2, float64: 3"), 5, "repeats the key `float64`"),
        (("float64: 2", "float46: 2"), 5, "unknown key 'float46'"),
        (("float64: 2", "float64: &a 2"), 5, "defines the anchor &a"),
        (("float64: 2", "float64: !!python/object 2"), 5, "has the tag"),
        (("  why: A sum of squares of exact differences.\n", ""), 1, "`why` is a required property"),
        (("why: A sum of squares of exact differences.", "why: ok"), 3, "too short"),
        (("  budget:", "  tolerance: 3\n  budget:"), 1, "unknown key 'tolerance'"),
        (("losses.mse_loss:", "mse_loss:"), 1, "unknown key 'mse_loss'"),
    ],
)
def test_what_is_refused(read, change, line, words):
    with pytest.raises(TableError) as caught:
        read(GOOD.replace(*change))
    problems = caught.value.problems
    assert any(words in text for _, text in problems), problems
    assert line in [at for at, _ in problems], problems
    assert f"table.yaml:{line}:" in str(caught.value)


def test_every_error_is_reported_at_once(read):
    with pytest.raises(TableError) as caught:
        read(GOOD.replace("float64: 2", "float64: -2").replace("float32: 1.02", "float32: x").replace('"|y|"', "3"))
    assert len(caught.value.problems) == 3


def test_aliases_and_merge_keys(read):
    text = GOOD + "losses.l1_loss: &row\n  scale: x\nlosses.huber_loss:\n  <<: *row\n"
    with pytest.raises(TableError) as caught:
        read(text)
    said = str(caught.value)
    assert "anchor &row" in said
    assert "merge key" in said
    assert "alias *row" in said


@pytest.mark.parametrize("text", ["", "[1, 2]", "just words", "a: [1", "\ta: 1", "a: 1\n b: 2"])
def test_not_a_table(read, text):
    with pytest.raises(TableError):
        read(text)


def test_not_text(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(TableError, match="UTF-8"):
        read_table(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(TableError, match="cannot be read"):
        read_table(tmp_path / "nothing.yaml")


def test_numbers_without_a_dot_before_the_exponent_are_numbers(read):
    text = GOOD.replace("float64: 2", "float64: 1e-6")
    assert read(text).rows["losses.mse_loss"].budget("ours", "forward", "float64") == 1e-6


def test_an_overlay_wins_key_by_key(tmp_path, read):
    read(GOOD)
    mine = tmp_path / "mine.yaml"
    mine.write_text("losses.mse_loss:\n  budget:\n    forward: {float32: 9}\n")
    row = read_table(tmp_path / "table.yaml", mine).rows["losses.mse_loss"]
    assert row.budget("ours", "forward", "float32") == 9
    assert row.budget("ours", "forward", "float64") == 2


def test_an_empty_table_is_not_taken_for_none():
    """A table without rows is falsy; `table or read_table()` would judge by the project's own table instead."""
    from parity.grading import validate
    from parity.tolerances import Table

    with pytest.raises(ParityError, match="has no row"):
        validate(abs, "activations.relu", table=Table(Path("nothing.yaml")))
