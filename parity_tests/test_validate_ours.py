"""Our own functions through the isolation: whatever a pair passes to a function and gets back must cross unchanged."""

from __future__ import annotations

import pytest

from parity.isolation import Candidate
from parity.loader import catalogue
from parity_tests.validated import validate

ADAPTED = list({p.call.__qualname__ + p.call.__module__ * bool(p.laws): op for op, p in catalogue().items()}.values())
"""One op for each way of calling: with states, functions, generators or sequences; and one with laws for each family."""
PLAIN = ["activations.softmax", "losses.cross_entropy", "normalization.layer_norm", "tensor.sliding_window", "linalg.slogdet"]


def _named(dotted: str | None) -> str | None:
    return None if dotted is None else ":".join(dotted.rsplit(".", 1))


@pytest.mark.parametrize("op", [*ADAPTED, *PLAIN])
def test_ours_is_tight_in_a_process_of_its_own(op, table):
    pair = catalogue()[op]
    backward = (pair.ours_backward or f"npimpl.{op}_backward") if pair.differentiable else None
    candidate = Candidate(_named(pair.ours or f"npimpl.{op}"), _named(backward), arrays="numpy")
    dtype = "float32" if "float32" in pair.dtypes else pair.dtypes[0]
    result = validate(candidate, op, dtypes=[dtype], table=table, seed=5)
    assert result.grade == "tight", repr(result)
    assert not result.conduct
    assert not [text for g in result.grades for text in g.not_covered]
