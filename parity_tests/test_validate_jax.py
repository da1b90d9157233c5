"""JAX's own functions as candidates in a process of their own (it is an extra: `pip install -e '.[jax]'`).

XLA on a CPU flushes subnormals to zero, and many of JAX's gradients are compositions that lose small results.  The judge names
the first as a limit; the second is wrong, and at the worst element of each failure mpmath, by another formula, says that the
truth is right.  Every op that JAX has is judged in `test_libraries.py`.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from mpmath import mp, mpf, workprec

from parity.asking import Isolated
from parity.candidate.grade import Seen
from parity.formats import FORMATS
from parity.grading import Grading
from parity.isolation import Candidate, Guest
from parity.loader import catalogue
from parity_tests.mpmath_formulas import BITS, FORMULAS

pytest.importorskip("jax", reason="needs JAX: pip install -e '.[jax]'")

NN, SPECIAL = "jax.nn:", "jax.scipy.special:"
OWN = f"{Path(__file__).parent / 'guests' / 'jax_ops.py'}:"
BOTH, FORWARD = ("forward", "backward"), ("forward",)
RIGHT = [
    (NN + "relu", "activations.relu", BOTH),
    (NN + "relu6", "activations.relu6", BOTH),
    (NN + "leaky_relu", "activations.leaky_relu", BOTH),
    (NN + "hard_swish", "activations.hardswish", BOTH),
    (NN + "hard_sigmoid", "activations.hardsigmoid", BOTH),
    (NN + "sigmoid", "activations.sigmoid", FORWARD),
    (NN + "softmax", "activations.softmax", FORWARD),
    (OWN + "logsumexp", "special.logsumexp", FORWARD),
    (SPECIAL + "erf", "special.erf", BOTH),
    (SPECIAL + "xlogy", "special.xlogy", FORWARD),
    (SPECIAL + "entr", "special.entr", BOTH),
]
"""JAX's function, the op, and the directions in which it is right in float32."""
WRONG = [
    (NN + "elu", "activations.elu"),
    (NN + "soft_sign", "activations.softsign"),
    (OWN + "gelu", "activations.gelu"),
]
"""JAX's function whose gradient is wrong in float32."""


def _graded(spec: str, op: str, directions, table):
    """The failed checks in float32, and the kinds of limits."""
    with Guest(Candidate(spec)) as guest:
        asker = Isolated(guest, catalogue()[op])
        asker.directions = directions
        grading = Grading(op, asker, table)
        grades = grading.grades(["float32"])
    assert [g.direction for g in grades] == list(directions)
    assert all(g.checks >= 10 for g in grades)
    return grading.failed, {limit.kind for g in grades for limit, _ in g.limits}


def _ids(rows):
    return [row[0].split("/")[-1] for row in rows]


@pytest.mark.parametrize(("spec", "op", "directions"), RIGHT, ids=_ids(RIGHT))
def test_jax_is_right(spec, op, directions, table):
    failed, _ = _graded(spec, op, directions, table)
    assert not failed, [(c.id, s.judged.outcome) for c, s in failed[:5]]


def test_that_subnormals_are_flushed_and_a_gradient_at_nan_is_a_number_are_limits(table):
    assert _graded(NN + "relu", "activations.relu", BOTH, table)[1] == {"flushes subnormals", "convention"}


@pytest.mark.parametrize(("spec", "op"), WRONG, ids=_ids(WRONG))
def test_mpmath_confirms_where_jax_is_wrong(spec, op, table):
    failed, _ = _graded(spec, op, ("backward",), table)
    assert failed
    for _, seen in failed:
        _assert_mpmath_confirms_the_truth(seen)


def _assert_mpmath_confirms_the_truth(seen: Seen) -> None:
    """At the worst element of an elementwise op, by a formula that the truth does not use, with 84 digits."""
    e, formula, at = seen.evaluation, FORMULAS.get(seen.evaluation.pair.op), seen.judged.outcome.index[1:]
    if formula is None or seen.party.error:
        return
    x, truth = float(e.built.arrays[0][at]), e.truths[0]
    if not formula.low <= x <= formula.high or not math.isfinite(truth.hi[at]):
        return
    options = dict(e.built.options)
    with workprec(BITS):
        want = formula.value(mpf(x), **options)
        if e.direction == "backward":
            want = formula.slope(mpf(x), **options) * mpf(float(e.cotangents[0][at]))
        error = abs(want - mpf(float(truth.hi[at])) - mpf(float(truth.lo[at])))
        fmt = FORMATS[e.dtype]  # the truth is known as far as it takes to round it to this
        assert error <= abs(want) * fmt.eps / 8 + fmt.smallest * 0.51, (e.case.name, x, mp.nstr(want, 20), truth.hi[at])
