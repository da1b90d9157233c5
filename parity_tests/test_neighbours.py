"""The reference of a sweep, interpolated: as good as asked at every pattern, and not done where that is not sure."""

from __future__ import annotations

import numpy as np
import pytest

from parity.loader import catalogue, definition, wide
from parity.sweeping import chunk, judge
from parity.sweeping.neighbours import CHECKS, NODES, Neighbours, matrices
from parity.sweeping.patterns import BLOCK, Ruler
from parity.sweeping.scan import LOOSE, Scanner

RULER = Ruler("float32")
ELEMENTWISE = [op for op in catalogue() if getattr(definition(op), "kind", "") == "elementwise"]
INTERPOLATED = [op for op in ELEMENTWISE if wide(op)[1] >= LOOSE]
ONE = RULER.pattern(1.0)


def values_of(first: int) -> np.ndarray:
    return RULER.values(np.arange(first, first + BLOCK)).astype(np.float64)


def neighbours(reference, claimed: float = 16.0) -> Neighbours:
    return Neighbours(RULER, reference, claimed)


@np.errstate(all="ignore")
def filled(form, first: int, claimed: float = 16.0) -> np.ndarray | None:
    out, found = np.empty(BLOCK), neighbours(form, claimed)
    return out if found.fill(found.ask(first, BLOCK), 0, out) else None


def test_most_ops_are_interpolated_and_the_exact_ones_are_not():
    assert len(INTERPOLATED) >= 25
    for op in ("activations.relu", "activations.hardswish"):
        claimed = wide(op)[1]
        assert Scanner("float32", np.abs, np.abs, claimed * 2.0 ** (24 - 53)).neighbours is None
    assert Scanner("float16", np.abs, np.abs, 16.0 * 2.0 ** (11 - 53)).neighbours is None
    assert Scanner("float32", np.abs, np.abs, 16.0 * 2.0 ** (24 - 53)).neighbours is not None


@pytest.mark.parametrize("op", INTERPOLATED)
@np.errstate(all="ignore")
def test_interpolated_values_are_as_good_as_the_reference_itself(op):
    """A block at a random place of every second binade."""
    form, claimed, _ = wide(op)
    options, rng, smooth = dict(catalogue()[op].options), np.random.default_rng(3), 0
    for binade in range(1, 512, 2):
        first = (binade << 23) + int(rng.integers(512)) * BLOCK
        out = filled(lambda x: form(x, **options), first, claimed)
        if out is not None:
            exact = form(values_of(first), **options)
            assert np.abs(out - exact).max() <= claimed * 2.0**-52 * np.abs(exact).max()
            smooth += 1
    assert smooth >= 60


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a root", lambda x: x - 1.0009),
        ("a pole", lambda x: 1.0 / (x - 1.0009) ** 2),
        ("a corner", lambda x: np.maximum(x, 1.0009)),
        ("a faint corner", lambda x: np.maximum(x, 1.0009 + 1e-9 * (x - 1.0009))),
        ("a step", lambda x: np.where(x > 1.0009, 2.0, 2.0 + 1e-12)),
        ("a nan", lambda x: np.where(x > 1.0009, np.nan, x)),
        ("infinity", lambda x: np.full(x.shape, np.inf)),
        ("zero", np.zeros_like),
        ("a wave", lambda x: 2.0 + np.sin(2e5 * x)),
        ("noise", lambda x: x + 1e-9 * np.sin(1e9 * x)),
    ],
)
def test_what_is_no_polynomial_is_not_interpolated(name, form):
    assert values_of(ONE)[0] < 1.0009 < values_of(ONE)[-1]
    assert filled(form, ONE) is None, name
    assert filled(np.exp, ONE) is not None


def test_ties_among_subnormal_results_are_left_to_the_reference(monkeypatch):
    """gelu(x) is x/2 (1 + 10^-38) there; a reference that is off by an ulp would call most roundings of odd x wrong."""
    assert filled(lambda x: 0.5 * x, 0x00100000) is None
    assert filled(lambda x: 0.5 * x, 0x01800000) is not None
    monkeypatch.setattr(judge, "MOST", 4)
    monkeypatch.setattr(chunk, "SAMPLE", 4)
    record = chunk.run_chunk(chunk.Task("activations.gelu", "float32", "ours"), 0x00100000, BLOCK)
    assert record["interpolated"] == record["unjudged"][0] == 0
    assert record["unjudged"][1] > 8000


def test_the_scanner_asks_the_reference_where_it_is_not_smooth():
    asked = []

    def reference(x):
        asked.append(x.size)
        return np.maximum(x, 1.0009)

    scanner = Scanner("float32", lambda x: np.maximum(x, np.float32(1.0009)), reference, 16.0 * 2.0 ** (24 - 53))
    scan = scanner.scan(ONE, 4 * BLOCK, np.zeros(0, np.int64))
    assert asked == [4 * (NODES + CHECKS), BLOCK]
    assert scan.interpolated == 3 * BLOCK
    assert scan.histogram.sum() == 4 * BLOCK


def test_polynomials_come_out_exactly():
    places, pieces, powers = matrices(BLOCK, 128)
    assert len(set(places.tolist())) == NODES
    assert {0, 1} == {int(p) % 2 for p in places}  # of integers and halves, or of even and odd, it sees both
    t = np.linspace(-1.0, 1.0, BLOCK)
    for degree in range(NODES):
        f = np.cos(degree * np.arccos(t))
        found = (f[places] @ pieces.reshape(NODES, -1)).reshape(128, NODES) @ powers
        assert np.abs(found.ravel() - f).max() < 1e-13
