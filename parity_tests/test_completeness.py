"""Every op has all its pieces; a missing one fails by name, with the file to write it in."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from parity import loader, runner
from parity.references import resolve
from parity_tests.candidates import all_candidates
from parity_tests.required import IN_SCIPY, NOT_DIFFERENTIABLE, OPS

EXPECTED = Path(__file__).with_name("expected_checks.json")


def test_the_catalogue_holds_every_required_op():
    missing = sorted(set(OPS) - set(loader.catalogue()))
    assert not missing, f"no pair for {missing}; add a row to parity/pairs/<family>.py"


@pytest.mark.parametrize("op", sorted(set(OPS) | set(loader.catalogue())))
class TestPieces:
    def test_forward(self, op):
        forward = loader.implementation(loader.catalogue()[op])
        assert callable(forward), f"write {op} in npimpl/{op.split('.')[0]}"

    def test_backward(self, op):
        pair = loader.catalogue()[op]
        assert pair.differentiable == (op not in NOT_DIFFERENTIABLE), f"{op}: say in required.py why it has no backward"
        assert not pair.differentiable or callable(loader.gradient(pair)), f"write {op}_backward beside its forward"

    def test_definition(self, op):
        assert callable(loader.definition(op)), f"write {op} in parity/definitions/{op.split('.')[0]}"

    def test_torch(self, op):
        torch = loader.catalogue()[op].torch
        assert callable(torch if callable(torch) else resolve(str(torch))), f"name torch's function in the pair of {op}"

    def test_scipy(self, op):
        scipy = loader.catalogue()[op].scipy
        assert scipy is not None or op not in IN_SCIPY, f"SciPy has {op}: name its function in the pair"
        assert scipy is None or callable(scipy if callable(scipy) else resolve(scipy))

    def test_tolerances(self, op, table):
        row = table.rows.get(op)
        assert row is not None, f"add {op} to tolerances.yaml"
        pair = loader.catalogue()[op]
        for direction in ("forward", "backward") if pair.differentiable else ("forward",):
            for dtype in pair.dtypes:
                assert row.budget("ours", direction, dtype) is not None, f"{op}: no {direction} budget for {dtype}"
        assert bool(pair.laws) == ("statistical" in row.data), f"{op}: `statistical` belongs to ops with laws, and to them only"

    def test_documented(self, op):
        pair = loader.catalogue()[op]
        for fn in (loader.implementation(pair), loader.gradient(pair)):
            if fn is not None and fn.__module__.startswith("npimpl"):
                assert inspect.getdoc(fn), f"{fn.__name__} has no docstring"
        forward = loader.implementation(pair)
        if forward.__module__.startswith("npimpl"):
            assert ">>>" in (inspect.getdoc(forward) or ""), f"{op} has no example"

    def test_wrong_variants(self, op):
        assert any(c.op == op for c in all_candidates("wrong")), f"write a wrong {op} in parity_tests/wrong"


def test_no_tolerance_without_an_op(table):
    assert not set(table.rows) - set(loader.catalogue())


def test_tolerances_have_no_unfinished_sentence(table):
    text = table.path.read_text(encoding="utf-8")
    assert "TODO" not in text


def test_every_listed_difference_names_checks_that_exist(table):
    for row in table:
        known = {(c.reference, c.direction, c.dtype, c.hazard) for c in runner.checks_of(row.op)}
        for entry in row.data.get("differs", []):
            who = "truth" if entry["reference"] == "ours" else entry["reference"]
            for direction, by in entry["where"].items():
                for dtype, hazards in by.items():
                    for hazard in hazards:
                        assert (who, direction, dtype, hazard) in known, (
                            f"{row.op}: line {row.line}: no check {who} {direction} {dtype} {hazard}"
                        )


def test_no_op_has_lost_checks(capsys):
    """`python -m parity_tests.expected` writes the counts anew; a smaller number needs a reason in the commit."""
    counts = {op: len(runner.checks_of(op)) for op in loader.catalogue()}
    expected = json.loads(EXPECTED.read_text())
    with capsys.disabled():
        print(f"\n{len(counts)} ops, {sum(counts.values())} checks")
    assert counts == expected
    assert min(counts.values()) > 0
