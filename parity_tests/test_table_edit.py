"""Numbers of the table change in place: nothing else moves, and what cannot be done safely is not done."""

from __future__ import annotations

import pytest

from parity.errors import ParityError
from parity.table_edit import edited
from parity.tolerances import read_table

TEXT = """\
# what this table is
special.erf:  # the error function
  scale: "|y|"
  why: "A sentence that names float64: 7 and is left alone."
  budget:
    forward: {float64: 2.5, float32: 1}   # measured
    backward: {float64: 3, float32: 1.0, float16: 0}
  reference:
    torch:
      forward: {float64: 2.5}
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT)
    return file


def test_one_number_changes_and_every_other_byte_stays(path):
    changed = edited(TEXT, {("special.erf", "budget", "forward", "float64"): 1.25}, path)
    assert changed == TEXT.replace("forward: {float64: 2.5, float32", "forward: {float64: 1.25, float32")


def test_several_numbers_change_at_once_and_the_result_is_read_back(path):
    changes = {
        ("special.erf", "budget", "backward", "float32"): 0.839,
        ("special.erf", "budget", "backward", "float16"): 1.01,
        ("special.erf", "reference", "torch", "forward", "float64"): 128.0,
    }
    path.write_text(edited(TEXT, changes, path))
    row = read_table(path).rows["special.erf"]
    assert row.budget("ours", "backward", "float32") == 0.839
    assert row.budget("ours", "backward", "float16") == 1.01
    assert row.budget("torch", "forward", "float64") == 128
    assert "# measured" in path.read_text()


def test_no_change_changes_nothing(path):
    assert edited(TEXT, {}, path) == TEXT


def test_a_key_that_is_not_there_is_refused(path):
    with pytest.raises(ParityError, match=r"no number at special\.erf\.budget\.forward\.bfloat16"):
        edited(TEXT, {("special.erf", "budget", "forward", "bfloat16"): 1.0}, path)


def test_a_number_that_the_table_may_not_hold_is_refused(path):
    with pytest.raises(ParityError, match="nothing was written"):
        edited(TEXT, {("special.erf", "budget", "forward", "float64"): -1.0}, path)


def test_a_number_on_a_line_of_its_own_changes_too(path):
    text = TEXT.replace("forward: {float64: 2.5}", "forward:\n        float64: 2.5  # alone")
    assert "float64: 4  # alone" in edited(text, {("special.erf", "reference", "torch", "forward", "float64"): 4.0}, path)
