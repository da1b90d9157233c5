"""The program that shows a failure, run on its own: status 1 for the wrong implementation, 0 for a right one."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from parity.formats import DTYPES
from parity.grading import Grading, InProcess
from parity.inputs.layouts import LAYOUTS
from parity.minimise import minimise
from parity.report.literals import literal, plain
from parity.report.script import LAYOUT_LINES, script
from parity_tests.test_minimise import status


@dataclass(frozen=True)
class Row:
    """A wrong and a right implementation of an op in one dtype and direction, as Python text."""

    op: str
    dtype: str
    direction: str
    wrong: str
    right: str
    stage: str


SOFTMAX = """
import numpy as np
def candidate(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
    return (e / e.sum(axis, keepdims=True)).astype(x.dtype)
"""
UNSHIFTED = SOFTMAX.replace(" - x.max(axis, keepdims=True, initial=-np.inf)", "")
WIDE_SOFTMAX = SOFTMAX.replace("x - x.max", "x.astype(np.float64) - x.astype(np.float64).max")
RELU = """
import numpy as np
def candidate(x):
    return np.maximum(x, x.dtype.type(0))
"""
WIDE = RELU.replace("x.dtype.type(0))", "x.dtype.type(0)).astype(np.float64)")
ALIAS = RELU.replace("np.maximum", "x.view() if (x >= 0).all() else np.maximum")
IN_PLACE = """
def candidate(x):
    x[x < 0] = 0
    return x.copy()
"""
RAISES = """
def candidate(x):
    raise OverflowError("no")
"""
SUM = """
import numpy as np
def candidate(x, axis, keepdims=False):
    return np.sum(x, axis, keepdims=keepdims, dtype=np.longdouble).astype(x.dtype)
"""
DROPS = SUM.replace("keepdims=keepdims", "keepdims=False")
LEAKY = """
import numpy as np
def candidate(x, negative_slope=0.01):
    return np.where(x > 0, x, x * negative_slope).astype(x.dtype)
"""
FIXED_SLOPE = LEAKY.replace("x * negative_slope", "x * 0.01")
TANH = """
import numpy as np
def candidate(dy, x):
    return ((dy * (1 - np.tanh(x.astype(np.longdouble)) ** 2)).astype(x.dtype),)
"""
NOT_SQUARED = TANH.replace(" ** 2", "")
LEAKY_BACKWARD = """
import numpy as np
def candidate(dy, x, negative_slope=0.01):
    return (np.where(x > 0, dy, dy * negative_slope).astype(x.dtype),)
"""
FIXED_SLOPE_BACKWARD = LEAKY_BACKWARD.replace("dy * negative_slope", "dy * 0.01")
ROWS = {
    "softmax unshifted": Row("activations.softmax", "float32", "forward", UNSHIFTED, SOFTMAX, "nan"),
    "bfloat16": Row("activations.softmax", "bfloat16", "forward", UNSHIFTED, WIDE_SOFTMAX, ""),
    "a gradient": Row("activations.tanh", "float32", "backward", NOT_SQUARED, TANH, "values"),
    "mutation": Row("activations.relu", "float32", "forward", IN_PLACE, RELU, "error"),
    "alias": Row("activations.relu", "float64", "forward", ALIAS, RELU, "error"),
    "a shape": Row("reductions.sum", "float32", "forward", DROPS, SUM, "shape"),
    "an option": Row("activations.leaky_relu", "float64", "forward", FIXED_SLOPE, LEAKY, "values"),
    "a dtype": Row("activations.relu", "float32", "forward", WIDE, RELU, "dtype"),
    "an exception": Row("activations.relu", "float64", "forward", RAISES, RELU, "error"),
    "an option of a gradient": Row("activations.leaky_relu", "bfloat16", "backward", FIXED_SLOPE_BACKWARD, LEAKY_BACKWARD, ""),
}


def _defined(text: str):
    names: dict = {}
    exec(text, names)
    return names["candidate"]


def _script(row: Row, table) -> tuple[str, str]:
    """The script of the minimised first failure with the row's stage, for the wrong and for the right implementation."""
    with np.errstate(all="ignore"):
        wrong = _defined(row.wrong)
        asker = InProcess(wrong, None) if row.direction == "forward" else InProcess(None, wrong)
        grading = Grading(row.op, asker, table, first_failure=row.stage in ("", "error"))
        grading.grades((row.dtype,))
        check, seen = next((c, s) for c, s in grading.failed if row.stage in ("", s.judged.outcome.stage))
        small = minimise(check, seen, grading.observe).seen
        return script(small, check, row.wrong), script(small, check, row.right)


@pytest.mark.parametrize("name", ["softmax unshifted", "a gradient", "bfloat16", "mutation", "a shape", "an option"])
def test_it_runs_on_its_own(name, table, tmp_path):
    wrong, right = _script(ROWS[name], table)
    assert "import parity" not in wrong
    assert "from parity" not in wrong
    assert ("ml_dtypes" in wrong) == (ROWS[name].dtype == "bfloat16")
    for text, expected in ((wrong, 1), (right, 0))[: 2 if name == "softmax unshifted" else 1]:
        path = tmp_path / "failure.py"
        path.write_text(text)
        ran = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == expected, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
        assert "got:" in ran.stdout
        assert "torch:" in ran.stdout


@pytest.mark.parametrize("name", ROWS)
def test_wrong_shows_and_right_does_not(name, table):
    wrong, right = _script(ROWS[name], table)
    with np.errstate(all="ignore"):
        (failed, said), (held, printed) = status(wrong), status(right)
    assert failed == 1, said
    assert held == 0, printed


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_are_written_bit_by_bit(dtype):
    import ml_dtypes

    x = np.array([[0.1, -0.0, np.inf], [-np.inf, np.nan, 1e-7], [3e4, -1.0, 0.0]]).astype(DTYPES[dtype])
    names = {"np": np, "ml_dtypes": ml_dtypes}
    tree = ast.parse(_script_functions())
    exec(compile(tree, "script", "exec"), names)
    assert eval(literal(x), names).tobytes() == x.tobytes()


def _script_functions() -> str:
    return (
        "def exact(numbers, dtype, *shape):\n"
        "    return np.array([float.fromhex(n) for n in numbers.split()]).astype(dtype).reshape(shape)\n"
    )


@pytest.mark.parametrize("a", [np.array([1, -2]), np.zeros((0, 3)), np.array(True), np.array(2.5), np.arange(40.0)])
def test_other_arrays_are_written_too(a):
    names: dict = {"np": np}
    exec(_script_functions(), names)
    made = eval(literal(a), names)
    assert made.dtype == a.dtype
    assert made.shape == a.shape
    assert made.tobytes() == a.tobytes()


@pytest.mark.parametrize("value", [1, (1,), (2, (3, 4)), [1.5], "same", None, True, float("inf"), ()])
def test_options_are_written_as_python(value):
    assert eval(plain(value)) == value


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_are_made_as_the_suite_makes_them(layout):
    x = np.arange(12.0).reshape(3, 4)
    wanted = LAYOUTS[layout](x if layout != "broadcast" else np.broadcast_to(x[:1], x.shape))
    names: dict = {"np": np, "x": wanted.copy()}
    exec("\n".join(LAYOUT_LINES[layout]).format(x="x"), names)
    assert names["x"].strides == wanted.strides
    assert np.array_equal(names["x"], wanted)
