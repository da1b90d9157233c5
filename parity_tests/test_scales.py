"""No overflow or underflow on the way to an answer that is representable, and sums whose error does not grow with n."""

from __future__ import annotations

import numpy as np
import pytest

from parity import runner
from parity.cases import Stored, with_stored
from parity.check.verdict import compare
from parity.evaluate import evaluate, library
from parity.loader import catalogue, implementation
from parity.oracle import Truth

SCALED = [
    op
    for op in catalogue()
    if op.split(".")[0] in ("normalization", "similarity") or op in ("reductions.norm", "reductions.vector_norm")
]
SCALES = {"float64": [1e-300, 1e-200, 1e-155, 1e155, 1e200, 1e300], "float32": [1e-36, 1e-25, 1e-19, 1e19, 1e25, 1e36]}


@pytest.mark.parametrize("op", SCALED)
@pytest.mark.parametrize("dtype", SCALES)
def test_every_scale_is_within_the_budget(op, dtype, table):
    pair = catalogue()[op]
    case = runner.case_of(op, "ordinary", dtype, "forward")
    plain = evaluate(pair, case, dtype, "forward").built.arrays
    names = {"similarity": ("x", "x1", "x2", "input1", "input2", "a", "b")}.get(op.split(".")[0], (pair.arrays[0].name,))
    for scale in SCALES[dtype]:
        scaled = {k.name: np.asarray(a, np.float64) * scale for k, a in zip(pair.arrays, plain, strict=True) if k.name in names}
        assert scaled
        for direction in ("forward", "backward") if pair.differentiable else ("forward",):
            stored = with_stored(runner.case_of(op, "ordinary", dtype, direction), Stored(scaled), "scaled")
            e = evaluate(pair, stored, dtype, direction)
            outcome, budget = runner.judge_party(e, e.party("ours", library(pair)), table.rows[op], "ours")
            assert outcome.holds, f"{direction} at {scale}: {outcome.stage} {outcome.message} {outcome.units:.4g} of {budget}"


@pytest.mark.parametrize("axis", [0, 1, -1, None])
@pytest.mark.parametrize("op", ["reductions.sum", "reductions.mean", "reductions.cumsum"])
def test_the_error_of_a_sum_does_not_grow_with_its_length(op, axis, table):
    """2^53 (2^24 in float32) and then a million ones: adding in order loses every one of them, whichever the axis."""
    n = 1_000_000
    if op == "reductions.cumsum" and axis is None:
        axis = 0
    for dtype, first in ((np.float64, 2.0**53), (np.float32, 2.0**24)):
        x = np.ones(n, dtype)
        x[0] = first
        shape = {0: (n, 1), None: (n,)}.get(axis, (1, n))
        exact = first + np.arange(n) if op == "reductions.cumsum" else np.array(first + n - 1)
        got = np.asarray(implementation(catalogue()[op])(x.reshape(shape), axis=axis)).reshape(exact.shape)
        exact = exact / n if op == "reductions.mean" else exact
        truth = Truth(exact.astype(dtype), exact.astype(np.float64), np.zeros(exact.shape), np.abs(exact.astype(np.float64)))
        name = np.dtype(dtype).name
        outcome = compare(got, truth, table.rows[op].budget("ours", "forward", name), name)
        assert outcome.holds, f"{op} {np.dtype(dtype)} axis={axis}: {outcome.units:.4g} units"
