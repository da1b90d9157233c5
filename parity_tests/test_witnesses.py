"""Every budget has a witness: a stored check that fails as soon as the budget is halved."""

from __future__ import annotations

import pytest

from parity import loader, runner
from parity.evidence import _cpu, cell_name, read_evidence
from parity.measure import reading_of
from parity.remote import current_path
from parity.tolerances import Row
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


def here(run: dict) -> bool:
    """Whether this machine has the processor that the evidence was measured on."""
    return _cpu()[1] == run["flags"]


def _reaches(op: str, entry: dict, key: tuple, row: Row) -> str:
    """Empty where the witness of a budget breaks the halved row; else what happened."""
    who, direction, dtype, region, units = key
    plain = entry["path"] == current_path() and not entry.get("layout")
    if plain and region is None:
        check = Check(op, dtype, direction, "truth" if who == "ours" else who, entry["check"])
        verdict = runner.judge(runner.evaluated(op, entry["check"], dtype, direction), check, row, runner.library(pair(op)))
        return (
            ""
            if verdict.status == "violated"
            else f"{check.id} is {verdict.status}: {verdict.units:.4g} of {verdict.budget:.4g}"
        )
    found = reading_of(op, (direction, dtype, who, region), entry["check"], entry["path"], entry.get("layout", ""), row.data)
    return "" if found > HALF * units else f"{found:.4g} units at {entry['check']} on {entry['path']}, {units} allowed"


def pair(op: str):
    return loader.catalogue()[op]


@pytest.mark.parametrize("op", loader.catalogue())
def test_halving_any_budget_fails_a_stored_check(op, table):
    row, missed = table.rows[op], []
    half = halved(row)
    for key in budgets(row):
        who, direction, dtype, region, units = key
        if units == 0:
            continue
        name = cell_name(op, direction, dtype, who, region)
        assert name in EVIDENCE.cells, f"{name} has no evidence: run `parity certify {op} --write`"
        entry = EVIDENCE.cells[name]
        failure = _reaches(op, entry, key, half)
        if failure and not here(EVIDENCE.runs[entry["run"]]):
            pytest.skip(f"the evidence is from {EVIDENCE.runs[entry['run']]['cpu']}; `parity certify` measures here")
        missed += [f"{name}: {failure}"] if failure else []
    assert not missed, "\n".join(missed)


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
