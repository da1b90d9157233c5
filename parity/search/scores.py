"""How wrong each party is at each element: units, the stage that failed, and the region of the table it counts for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from parity.check.errors import errors
from parity.check.regions import OUTSIDE, apply, regions_at
from parity.evaluate import Evaluation, Implementation, library
from parity.formats import FORMATS
from parity.loader import catalogue
from parity.oracle import Truth
from parity.pair import Pair
from parity.runner import element_shown, gap, reference_names
from parity.search.findings import Target
from parity.tolerances import Row
from parity.verdict import Check

WHOS = ("ours", "torch", "scipy")


@dataclass
class Task:
    """What is searched, and by what rules it is scored."""

    op: str
    dtype: str
    direction: str
    whos: tuple[str, ...]
    row: Row | None = None
    starts: frozenset[str] = frozenset()
    """The cases to start from (empty: every one); an elementwise op starts from all, the stored witnesses excepted."""
    undecided: int = 0
    evaluations: int = 0
    pair: Pair = field(init=False)
    ours: Implementation = field(init=False)

    def __post_init__(self):
        self.pair = catalogue()[self.op]
        self.ours = library(self.pair)

    def parties(self, hazard: str = "ordinary") -> tuple[str, ...]:
        """Who answers at all for this op, dtype and direction (and this case)."""
        names = reference_names(self.pair, self.dtype, self.direction)
        return ("ours", *(w for w in names if self._answers(w, hazard)))

    def _answers(self, who: str, hazard: str) -> bool:
        return gap(self.pair, Check(self.op, self.dtype, self.direction, who, hazard)) is None

    def regions(self, who: str) -> list[Mapping]:
        """The table's regions for a party."""
        return [] if self.row is None else self.row.regions(who, self.direction, self.dtype)

    def targets(self) -> list[Target]:
        """The worst within reach of a budget, for each region; and for a reference the worst of all."""
        found = []
        for who in self.parties():
            if who in self.whos:
                found += [Target(who, r, "budget") for r in (None, *range(len(self.regions(who))))]
                found += [] if who == "ours" else [Target(who, None, "extreme")]
        return found


@dataclass(frozen=True)
class Scores:
    """The elements of one output of one party: arrays of the output's shape."""

    units: np.ndarray
    stage: np.ndarray
    """Words: "values" where values were compared."""
    region: np.ndarray


def scores(task: Task, e: Evaluation, who: str) -> list[Scores | None]:
    """One entry for each output (or gradient); None where there is no gradient."""
    party = e.party(who, task.ours)
    found: list[Scores | None] = []
    for position, truth in enumerate(e.truths):
        if truth is None:
            found.append(None)
        elif party.error or position >= len(party.outputs):
            found.append(_failed(truth, "error" if party.error else "structure"))
        else:
            found.append(_output(task, e, who, party.outputs[position], truth))
    return found


def _failed(truth: Truth, stage: str) -> Scores:
    shape = truth.value.shape
    return Scores(np.full(shape, np.inf), np.full(shape, stage), np.full(shape, OUTSIDE))


def _output(task: Task, e: Evaluation, who: str, got, truth: Truth) -> Scores:
    regions, index, floor = task.regions(who), np.full(truth.value.shape, OUTSIDE), 0.0
    if apply(regions, e, truth):
        index, floor = regions_at(regions, e.built.arrays[0], e.cotangents[0] if e.cotangents else None)
    found = errors(got, truth, e.dtype, floor=floor, same_dtype=who == "ours")
    return Scores(found.units, found.names, index)


def ulp(got: float, truth: Truth, index: tuple[int, ...], dtype: str) -> float:
    """|got - exact| in spacings of the dtype at the exact result; an infinity counts as 2^(emax + 1)."""
    assert truth.hi is not None
    assert truth.lo is not None
    hi, lo, fmt = float(truth.hi[index]), float(truth.lo[index]), FORMATS[dtype]
    if np.isnan(hi) or np.isnan(got):
        return 0.0 if np.isnan(hi) and np.isnan(got) else np.inf
    if np.isinf(hi):
        return 0.0 if got == hi else np.inf
    if np.isinf(got) and got == float(truth.value[index]):
        return 0.0
    value = Fraction(2) ** (fmt.max_exponent + 1) * (1 if got > 0 else -1) if np.isinf(got) else Fraction(got)
    exponent = min(max(int(np.frexp(hi)[1]) - 1, 1 - fmt.max_exponent), fmt.max_exponent) if hi else 1 - fmt.max_exponent
    error = abs(value - Fraction(hi) - Fraction(lo)) / Fraction(2) ** (exponent - fmt.precision + 1)
    return float(min(error, Fraction(np.finfo(np.float64).max)))


def results(task: Task, e: Evaluation, position: int, index: tuple[int, ...]) -> dict[str, str]:
    """What every party and the truth have at one element of one output."""
    found = {}
    for who in task.parties(e.case.origin):
        party = e.party(who, task.ours)
        found[who] = party.error or element_shown(party.outputs, position, index)
    truth = e.truths[position]
    assert truth is not None
    return {**found, "truth": element_shown((truth.value,), 0, index)}
