"""What our implementations promise, read off the evidence: no measurement is made here."""

from __future__ import annotations

import pytest

from parity import loader
from parity.audit import league
from parity.evidence import cell_name, read_evidence

EVIDENCE = read_evidence()
UNARY = [op for op in loader.catalogue() if getattr(loader.definition(op), "kind", "") == "elementwise"]
ULPS = {
    ("forward", "float64"): 4, ("backward", "float64"): 4, ("forward", "float32"): 1, ("backward", "float32"): 2,
    ("forward", "float16"): 0.51, ("forward", "bfloat16"): 0.51, ("backward", "float16"): 0.51, ("backward", "bfloat16"): 0.51,
}  # fmt: skip
"""What our elementwise ops reach at every input tried, outside the regions of the table (float64 alone has any)."""
BEYOND = {
    ("special.lgamma", "forward", "float64"): 4.5, ("special.ndtri", "backward", "float64"): 5.0,
    ("special.log_ndtr", "backward", "float64"): 4.5, ("activations.gelu", "backward", "float64"): 6.0,
    ("activations.tanhshrink", "backward", "float64"): 4.5,
}  # fmt: skip
"""Not reached: the rows of the table say where, and what was tried."""
SWEPT = 20
"""At least so many ops have been tried at every float32 value, those made of exponentials among them."""
EXPONENTIAL = ("sigmoid", "logsigmoid", "tanh", "softplus", "silu", "mish", "gelu", "elu", "celu", "selu", "tanhshrink")


@pytest.mark.parametrize("op", UNARY)
def test_elementwise_ops_reach_the_accuracy_that_is_promised(op, table):
    for (direction, dtype), ulp in ULPS.items():
        entry = EVIDENCE.cells.get(cell_name(op, direction, dtype, "ours"))
        if entry is not None:
            limit = BEYOND.get((op, direction, dtype), ulp)
            assert entry.get("ulp", 0.0) <= limit, f"{op} {direction} {dtype}: {entry['ulp']} ULP, {limit} promised"
    assert {dtype for r in table.rows[op].data.get("regions", []) for dtype in r["dtypes"]} <= {"float64"}


def test_ours_is_at_or_below_the_references_and_the_rest_is_explained(table):
    standings = league(EVIDENCE, table)
    counts = standings.counts
    assert counts.compared > 900
    assert counts.at_or_below >= 0.9 * counts.compared
    assert counts.usually_at_or_below >= 0.9 * counts.compared
    unexplained = [(s.op, s.direction, s.dtype, s.ahead) for s in standings if s.ahead and not s.why]
    assert unexplained == []


def test_no_explanation_outlives_what_it_explains(table):
    behind = {(s.op, s.direction, s.dtype) for s in league(EVIDENCE, table) if s.ahead}
    declared = {(r.op, b["direction"], t) for r in table for b in r.data.get("behind", []) for t in b["dtypes"]}
    assert declared <= behind, declared - behind


def test_every_float32_value_was_tried_of_many_ops():
    swept = {key.split(" ")[0]: entry for key, entry in EVIDENCE.sweeps.items() if key.endswith("forward float32 ours")}
    assert len(swept) >= SWEPT
    assert {f"activations.{name}" for name in EXPONENTIAL} <= set(swept)
    for op, entry in swept.items():
        assert entry["values"] == 2**32
        assert entry["max_ulps"] <= ULPS["forward", "float32"], op
        assert all(kind["count"] == 0 for kind in entry["wrong"].values()), op


def test_a_sweep_finds_nothing_over_the_budget(table):
    for key, entry in EVIDENCE.sweeps.items():
        op, direction, dtype, who = key.split(" ")
        assert entry["max_units"] <= table.rows[op].budget(who, direction, dtype), key
