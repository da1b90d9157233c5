"""`allclose` in the table is what a user copies into `assert_close`: it holds on ordinary inputs, and not by luck."""

from __future__ import annotations

import numpy as np
import pytest

from parity import loader, runner
from parity.evaluate import evaluate, library

CELLS = [
    pytest.param(op, dtype, id=f"{op}-{dtype}")
    for op, pair in loader.catalogue().items()
    if pair.torch is not None
    for dtype in pair.dtypes
]


@pytest.mark.parametrize(("op", "dtype"), CELLS)
def test_ordinary_inputs_are_close(op, dtype, table):
    pair, row = loader.catalogue()[op], table.rows[op]
    compared = 0
    for case in runner.cases(op):
        if case.hazards or case.layout or case.stored is not None or case.references:
            continue
        for direction in ("forward", "backward") if pair.differentiable else ("forward",):
            if runner.gap(pair, runner.Check(op, dtype, direction, "torch", case.name)) is not None:
                continue
            if row.difference("torch", direction, dtype, case.name) is not None:
                continue
            e = evaluate(pair, case, dtype, direction)
            for a, b in zip(e.party("ours", library(pair)).outputs, e.party("torch", library(pair)).outputs, strict=False):
                compared += _assert_close(a, b, row.data.get("allclose", {}).get(dtype))
    assert compared > 0 or all(t not in row.data.get("allclose", {}) for t in [dtype])


def _assert_close(a, b, tolerance) -> int:
    if a is None or b is None:
        return 0
    x, y = np.asarray(a), np.asarray(b)
    if x.dtype.kind in "iub":
        np.testing.assert_array_equal(x, y)
        return 0
    assert tolerance is not None, "no allclose for this dtype; add it to the row"
    np.testing.assert_allclose(x.astype(np.float64), y.astype(np.float64), **tolerance)
    return 1
