"""Where the table lists a defect of npimpl's own, a candidate is judged all the same: by the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from parity.candidate.grade import Judge
from parity.evaluate import evaluate, library
from parity.loader import catalogue
from parity.runner import case_of
from parity.tolerances import read_table

CELLS = [
    pytest.param(row.op, direction, dtype, hazards[0], id=f"{row.op}-{direction}-{dtype}")
    for row in read_table()
    for entry in row.data.get("differs", [])
    if entry["reference"] == "ours"
    for direction, by_dtype in entry["where"].items()
    for dtype, hazards in by_dtype.items()
]


@pytest.mark.parametrize(("op", "direction", "dtype", "hazard"), CELLS)
def test_only_npimpls_own_error_is_accepted_where_it_is_known(op, direction, dtype, hazard, table):
    pair = catalogue()[op]
    e = evaluate(pair, case_of(op, hazard, dtype, direction), dtype, direction)
    if all(t is None or np.isnan(t.hi).all() for t in e.truths):
        pytest.skip("at a nan any finite gradient is a convention")
    judge, own = Judge(pair, table.rows[op]), e.party("ours", library(pair))
    assert judge.see(e, own).judged.grade != "fail"
    other = tuple(y if y is None else np.full(np.shape(y), 12345.0).astype(np.asarray(y).dtype) for y in own.outputs)
    assert judge.see(e, replace(own, outputs=other)).judged.grade == "fail"
