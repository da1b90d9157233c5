"""The evaluated inputs of an elementwise op with one setting of its options, each with what every party made of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parity.cases import Case, Stored, with_stored
from parity.check.regions import OUTSIDE
from parity.evaluate import Evaluation, evaluate
from parity.formats import DTYPES
from parity.measure import REFERENCE_LIMIT
from parity.oracle import OracleError
from parity.search.findings import Meter, Target
from parity.search.patterns import binades, mantissa_bits, numbers
from parity.search.scores import Scores, Task, scores

PARTS = 8
"""Parts of an evaluation that fails: many, because a failure costs as much as an evaluation."""
CHUNK = 2000
"""Inputs in one evaluation: enough for the fast paths of every party, few enough to look at the clock between two."""


@dataclass(frozen=True)
class Column:
    """What one party made of the inputs."""

    units: np.ndarray
    region: np.ndarray


class Pool:
    """Inputs by their integers (see `patterns`), with cotangents where the gradient is searched."""

    def __init__(self, task: Task, case: Case):
        self.task, self.case = task, case
        self.whos = task.parties(case.name)
        self.keys = np.empty(0, np.int64)
        self.cotangents = np.empty(0)
        self.exact = np.empty(0)
        self.columns = {who: Column(np.empty(0), np.empty(0, np.int64)) for who in self.whos}
        self._seen = np.empty(0, np.uint64)

    def fork(self) -> Pool:
        """A pool with the same inputs that grows on its own (arrays are replaced, never written to)."""
        twin = copy.copy(self)
        twin.columns = dict(self.columns)
        return twin

    def stored(self, keys: np.ndarray, cotangents: np.ndarray) -> Stored:
        """The inputs as arrays of the op."""
        dy = () if self.task.direction == "forward" else (cotangents.astype(DTYPES[self.task.dtype]),)
        return Stored({self.task.pair.arrays[0].name: numbers(keys, self.task.dtype)}, dy)

    # -- growing ---------------------------------------------------------------------------------------------------------------
    def add(self, keys: np.ndarray, cotangents: np.ndarray | None, meter: Meter) -> int:
        """Evaluate those inputs that are new, as many as the meter allows; how many it were."""
        keys = np.asarray(keys, np.int64)
        dy = np.ones(keys.shape) if cotangents is None else np.asarray(cotangents, np.float64)
        keys, dy = self._new(keys, dy)
        before = meter.spent
        for start in range(0, keys.size, CHUNK):
            allowed = CHUNK if meter.points is None else min(CHUNK, meter.points - meter.spent)
            if allowed <= 0 or (meter.expired() and self.keys.size):  # the first inputs are tried however late it is
                break
            self._chunk(keys[start : start + allowed], dy[start : start + allowed], meter)
        return meter.spent - before

    def _new(self, keys, dy):
        names = _identity(keys, dy)
        _, first = np.unique(names, return_index=True)
        first = np.sort(first)
        first = first[~np.isin(names[first], self._seen)]
        return keys[first], dy[first]

    def _chunk(self, keys, dy, meter: Meter) -> None:
        for part, e in self._evaluated(keys, dy):
            self._append(keys[part], dy[part], e)
        self._seen = np.concatenate([self._seen, _identity(keys, dy)])
        meter.spent += keys.size
        self.task.evaluations += keys.size

    def _evaluated(self, keys, dy) -> Iterator[tuple[slice, Evaluation]]:
        """The evaluation; where the truth is not proven, of its parts, down to the inputs that are dropped."""
        work = [slice(0, keys.size)]
        while work:
            part = work.pop()
            case = with_stored(self.case, self.stored(keys[part], dy[part]), "search")
            try:
                yield part, evaluate(self.task.pair, case, self.task.dtype, self.task.direction)
            except OracleError:
                if part.stop - part.start == 1:
                    self.task.undecided += 1
                    continue
                step = -(-(part.stop - part.start) // PARTS)
                work += [slice(a, min(a + step, part.stop)) for a in range(part.start, part.stop, step)]

    def _append(self, keys, dy, e: Evaluation) -> None:
        self.keys = np.concatenate([self.keys, keys])
        self.cotangents = np.concatenate([self.cotangents, dy])
        truth = e.truths[0]
        assert truth is not None
        assert truth.hi is not None
        self.exact = np.concatenate([self.exact, truth.hi])
        for who in self.whos:
            found, old = scores(self.task, e, who)[0], self.columns[who]
            assert isinstance(found, Scores)
            self.columns[who] = Column(np.concatenate([old.units, found.units]), np.concatenate([old.region, found.region]))

    # -- reading ---------------------------------------------------------------------------------------------------------------
    def values(self, target: Target) -> np.ndarray:
        """What the target is worth at each input; -1 where it does not count for it."""
        if target.who not in self.columns:
            return np.full(self.keys.shape, -1.0)
        column = self.columns[target.who]
        return worth(target, column.units, column.region, self.task.dtype)

    def places(self) -> np.ndarray:
        """The binade of each input."""
        return binades(self.keys, self.task.dtype)

    def best(self, target: Target, count: int, *, depth: int = 0) -> np.ndarray:
        """The positions of the worst inputs, one from each 2^-depth of a binade, worst first."""
        value = self.values(target)
        order = np.argsort(-value, kind="stable")
        order = order[: np.count_nonzero(value > 0)]
        place = self.keys[order] >> max(mantissa_bits(self.task.dtype) - depth, 0)
        _, first = np.unique(place, return_index=True)
        return order[np.sort(first)[:count]]


def _identity(keys: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """One number for an input with its cotangent."""
    return keys.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.ascontiguousarray(dy, np.float64).view(np.uint64)


def worth(target: Target, units: np.ndarray, region: np.ndarray, dtype: str) -> np.ndarray:
    """The units that count for a target, -1 for those that do not."""
    if target.kind == "extreme":
        return units
    counts = region == (OUTSIDE if target.region is None else target.region)
    if target.who != "ours":
        counts &= units <= REFERENCE_LIMIT[dtype]
    return np.where(counts, units, -1.0)
