"""Who may import whom, and what starting up costs."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import npimpl
import parity

NPIMPL, PARITY = Path(npimpl.__file__).parent, Path(parity.__file__).parent
HEAVY = {"torch", "scipy"}


def imports(path: Path, *, top_level: bool = False) -> set[str]:
    """The dotted names that a file imports (anywhere, or only when it is imported itself)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _outside_functions(tree) if top_level else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{a.name}" for a in node.names} | {node.module or ""}
    return found


def _outside_functions(node):
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from _outside_functions(child)


def roots(names: set[str]) -> set[str]:
    return {n.split(".")[0] for n in names}


@pytest.mark.parametrize("path", sorted(NPIMPL.rglob("*.py")), ids=lambda p: str(p.relative_to(NPIMPL)))
def test_npimpl_needs_numpy_alone(path):
    assert roots(imports(path)) <= {"numpy", "npimpl"} | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", sorted((PARITY / "definitions").rglob("*.py")), ids=lambda p: p.name)
def test_definitions_never_see_what_they_judge(path):
    allowed = {"numpy", "flint"} | set(sys.stdlib_module_names)
    others = {n for n in imports(path) if n.split(".")[0] not in allowed}
    assert all(n.startswith(("parity.definitions", "parity.real")) for n in others), others


OPS = {"definitions", "pairs"}
ENGINE = sorted(p for p in PARITY.rglob("*.py") if p.relative_to(PARITY).parts[0] not in OPS)


@pytest.mark.parametrize("path", ENGINE, ids=lambda p: str(p.relative_to(PARITY)))
def test_the_engine_knows_arrays_not_ops(path):
    banned = ("npimpl", "parity.pairs", "parity.definitions")
    if path.name != "loader.py":
        assert not [n for n in imports(path) if n.startswith(banned)]
    assert not roots(imports(path, top_level=True)) & HEAVY


@pytest.mark.parametrize("path", sorted((PARITY / "pairs").rglob("*.py")), ids=lambda p: str(p.relative_to(PARITY)))
def test_pairs_import_the_references_inside_functions(path):
    assert not roots(imports(path, top_level=True)) & HEAVY


FLOORS = {
    "truth": ("parity.check", "parity.candidate", "parity.report", "parity.commands", "parity.cli"),
    "check": ("parity.candidate", "parity.report", "parity.commands", "parity.cli", "parity.grading"),
    "candidate": ("parity.report", "parity.commands", "parity.cli", "parity.grading", "parity.validation", "parity.testing"),
}


@pytest.mark.parametrize(
    "path", [p for floor in FLOORS for p in sorted((PARITY / floor).glob("*.py"))], ids=lambda p: str(p.relative_to(PARITY))
)
def test_a_folder_imports_only_what_is_below_it(path):
    assert not [n for n in imports(path) if n.startswith(FLOORS[path.parent.name])]


ELEMENTWISE = re.compile(r"np\.is(nan|inf)\([^()]*\) != np\.is\1\(")


def test_there_is_one_element_wise_comparison():
    """Where a nan or an infinity belongs is asked in one place, and the denominator of an error is made in one place."""
    compared = [p.relative_to(PARITY) for p in ENGINE if ELEMENTWISE.search(p.read_text(encoding="utf-8"))]
    assert compared == [Path("check/errors.py")]
    made = [p.relative_to(PARITY) for p in ENGINE if "WIDE = 2.0**100" in p.read_text(encoding="utf-8")]
    assert made == [Path("check/errors.py")]


GUEST = sorted((PARITY / "guest").glob("*.py"))


@pytest.mark.parametrize("path", GUEST, ids=lambda p: p.name)
def test_the_candidates_process_knows_nothing_of_the_engine(path):
    own = {p.stem for p in GUEST} | {"", "None"}  # relative imports
    assert roots(imports(path)) <= {"numpy", "ml_dtypes"} | own | set(sys.stdlib_module_names)


def _run(code: str) -> dict:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_table_needs_neither_torch_nor_scipy():
    code = "import sys, json, parity; repr(parity.table()); print(json.dumps(sorted(sys.modules)))"
    assert not HEAVY & set(_run(code))


def test_the_library_needs_neither_torch_nor_scipy_nor_the_engine():
    code = "import sys, json, npimpl; npimpl.activations.softmax([1.0, 2.0]); print(json.dumps(sorted(sys.modules)))"
    assert not (HEAVY | {"parity", "ml_dtypes", "flint"}) & set(_run(code))
