"""Every budget has a witness: a stored check that fails as soon as the budget is halved."""

from __future__ import annotations

import pytest

from parity import loader, runner
from parity.certify import needs_nothing_more
from parity.evidence import _cpu, cell_name, read_evidence
from parity.measure import reading_of
from parity.remote import current_path, dispatch_paths
from parity.tolerances import Row, read_table
from parity.verdict import Check

EVIDENCE = read_evidence()
HALF = 0.5


def budgets(row: Row):
    """(who, direction, dtype, region, units) of every number of a row that an error is allowed to reach."""
    for who, by in (("ours", row.data["budget"]), *row.data.get("reference", {}).items()):
        for direction, units in by.items():
            for dtype, value in units.items():
                yield who, direction, dtype, None, value
    for who in ("ours", "torch", "scipy"):
        for direction in ("forward", "backward"):
            for dtype in ("float64", "float32", "float16", "bfloat16"):
                for k, region in row.numbered_regions(who, direction, dtype).items():
                    yield who, direction, dtype, k, region["units"]


def halved(row: Row) -> Row:
    """The row with every budget, region and floor halved."""

    def half(x):
        return {k: half(v) for k, v in x.items()} if isinstance(x, dict) else HALF * x

    data = dict(row.data)
    data |= {k: half(data[k]) for k in ("budget", "reference") if k in data}
    regions = [{**r, "units": HALF * r["units"], "floor": HALF * r.get("floor", 0.0)} for r in data.get("regions", [])]
    return Row(row.op, row.line, {**data, "regions": regions})


BUDGETS = [
    pytest.param(row, key, id=cell_name(op, key[1], key[2], key[0], key[3]))
    for op, row in read_table().rows.items()
    for key in budgets(row)
    if key[-1] != 0
]


def excuse(entry: dict) -> str:
    """Why the witness of a budget need not reach its share here; empty where it must."""
    if not needs_nothing_more(entry):
        return f"needs {' or '.join(entry.get('only', [entry['path']]))}, which this processor or its switches do not offer"
    known = {tuple(run["flags"]): run["cpu"] for run in EVIDENCE.runs.values()}
    return "" if tuple(_cpu()[1]) in known else f"was tried on other processors only ({', '.join(known.values())})"


def shortfall(row: Row, entry: dict, key: tuple) -> str:
    """Empty where the witness of a budget breaks the halved row; else what happened."""
    if entry["path"] not in dispatch_paths():
        return f"there is no dispatch path {entry['path']} here"
    who, direction, dtype, region, units = key
    if entry["path"] == current_path() and not entry.get("layout") and region is None:
        check = Check(row.op, dtype, direction, "truth" if who == "ours" else who, entry["check"])
        evaluation = runner.evaluated(row.op, entry["check"], dtype, direction)
        verdict = runner.judge(evaluation, check, halved(row), runner.library(loader.catalogue()[row.op]))
        told = f"{check.id} is {verdict.status}: {verdict.units:.4g} of {verdict.budget:.4g}"
        return "" if verdict.status == "violated" else told
    found = reading_of(
        row.op, (direction, dtype, who, region), entry["check"], entry["path"], entry.get("layout", ""), row.data
    )
    return "" if found > HALF * units else f"{found:.4g} units at {entry['check']} on {entry['path']}, {units} allowed"


@pytest.mark.parametrize(("row", "key"), BUDGETS)
def test_halving_any_budget_fails_a_stored_check(row, key):
    who, direction, dtype, region, _ = key
    name = cell_name(row.op, direction, dtype, who, region)
    assert name in EVIDENCE.cells, f"{name} has no evidence: run `parity certify {row.op} --write`"
    missed = shortfall(row, EVIDENCE.cells[name], key)
    if missed and (reason := excuse(EVIDENCE.cells[name])):
        pytest.skip(f"The witness {reason}: {missed}")
    assert not missed, missed


def test_the_evidence_is_about_this_table(table):
    declared = {cell_name(op, d, t, who, r) for op in table.rows for who, d, t, r, _ in budgets(table.rows[op])}
    assert set(EVIDENCE.cells) <= declared, sorted(set(EVIDENCE.cells) - declared)[:5]


def test_no_measured_error_is_over_its_budget(table):
    over = []
    for op, row in table.rows.items():
        for who, direction, dtype, region, units in budgets(row):
            entry = EVIDENCE.cells.get(cell_name(op, direction, dtype, who, region), {"units": 0})
            if entry["units"] > units * 1.0005:  # the evidence keeps four digits
                over.append((op, direction, dtype, who, entry["units"], units))
    assert not over


def test_every_stored_witness_is_a_check_of_the_suite():
    for name in EVIDENCE.witnesses:
        op, direction, dtype, who, *region = name.split(" ")
        hazard = {"ours": "worst", "torch": "worst_torch", "scipy": "worst_scipy"}[who] + (
            f"_region{region[1]}" if region else ""
        )
        reference = "truth" if who == "ours" else who
        assert Check(op, dtype, direction, reference, hazard) in runner.checks_of(op)
        assert EVIDENCE.cells[name]["check"] == hazard
