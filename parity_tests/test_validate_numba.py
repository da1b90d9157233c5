"""Ops written in numba (`pip install -e '.[numba]' && pytest parity_tests/test_validate_numba.py`), and other interpreters."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from parity.errors import ParityError
from parity.isolation import Candidate
from parity_tests.validated import validate

GUESTS = Path(__file__).parent / "guests" / "numba_ops.py"
OPS = {
    "relu": "activations.relu",
    "silu": "activations.silu",
    "softplus": "activations.softplus",
    "leaky_relu": "activations.leaky_relu",
    "gelu": "activations.gelu",
    "softmax": "activations.softmax",
    "sum": "reductions.sum",
    "layer_norm": "normalization.layer_norm",
}


def _shown(result) -> str:
    return "\n".join([repr(result), *(f"{v.check.id}: {v.stage} {v.units:.4g} {v.message}" for v in result.failures[:5])])


@pytest.mark.parametrize("name", OPS)
def test_an_op_in_numba_is_right(name):
    pytest.importorskip("numba", reason="needs numba: pip install -e '.[numba]'")
    result = validate(Candidate(f"{GUESTS}:{name}"), OPS[name], seed=1)
    grades = {g.dtype: g for g in result.grades}
    assert result.holds, _shown(result)
    assert all(grades[d].grade in ("tight", "parity", "stable") for d in ("float32", "float64")), _shown(result)
    assert all(grades[d].grade == "not covered" for d in ("float16", "bfloat16")), _shown(result)
    assert not result.crashed


def test_numba_says_itself_that_it_has_no_bfloat16():
    pytest.importorskip("numba", reason="needs numba: pip install -e '.[numba]'")
    result = validate(Candidate(f"{GUESTS}:sum"), OPS["sum"], dtypes=["float32", "bfloat16"], seed=1)
    (grade,) = (g for g in result.grades if g.dtype == "bfloat16")
    ((limit, _),) = grade.limits
    assert (grade.grade, limit.kind) == ("not covered", "refuses")
    assert "bfloat16" in limit.sentence
    assert "TypingError" in limit.sentence


# -- another interpreter -------------------------------------------------------------------------------------------------------
@pytest.fixture
def kernel(tmp_path: Path) -> str:
    path = tmp_path / "my_kernels.py"
    path.write_text("import numpy as np\n\n\ndef relu(x):\n    return np.maximum(x, 0)\n", encoding="utf-8")
    return f"{path}:relu"


def test_a_candidate_runs_under_another_interpreter(kernel, tmp_path):
    other, used = tmp_path / "other-python", tmp_path / "used"
    other.write_text(f'#!/bin/sh\n: > "{used}"\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    other.chmod(0o755)
    result = validate(Candidate(kernel, python=str(other)), "activations.relu", dtypes=["float32"], seed=1)
    assert result.grade == "tight", _shown(result)
    assert used.exists()


def test_an_interpreter_that_does_not_exist_gets_one_sentence(kernel, tmp_path):
    with pytest.raises(ParityError) as caught:
        validate(Candidate(kernel, python=str(tmp_path / "no-python")), "activations.relu", seed=1)
    text = str(caught.value)
    assert "no-python" in text
    assert "\n" not in text
    assert text.endswith("give a Python interpreter.")
