"""Whether the judge catches a mutant of a right implementation, and whether that mutant changes anything.

A mutant that changes nothing is no mutant, nor is one that changes results only where the rule of judging knows limits: see
`Ground._ordinary` and `Ground._is_clean`.
"""

from __future__ import annotations

import functools
import resource
import signal
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from parity.candidate.altered import all_finite, beyond_root, floats
from parity.candidate.grade import Seen
from parity.candidate.limits import WIDER
from parity.candidate.questions import NARROW, fresh_cases
from parity.cases import Case
from parity.evaluate import Evaluation, Party, find_truth, prepare
from parity.formats import FORMATS
from parity.grading import Grading, InProcess
from parity.loader import catalogue
from parity.pair import as_tuple
from parity.runner import case_of
from parity.tolerances import Table
from parity.truth.cache import TruthCache
from parity.truth.dependence import Dependence
from parity_tests.candidates import Candidate
from parity_tests.mutants import Mutation, Source

CHANGE = 16.0
"""A result has changed if it is so many u S away."""
HARMLESS = ("scalar type", "promotes", "absent gradient", "signed zero")
"""Limits that say nothing of how far the numbers are off."""
TINY = 2.0**100
"""Multiplies small numbers so that half the smallest subnormal number of float64 can be represented."""
SECONDS = 3.0
"""Processor time of one call."""
MEMORY = 2 << 30
"""What one call may add to the memory of the process, in bytes."""


# -- calls ---------------------------------------------------------------------------------------------------------------------
class Endless(Exception):
    """A call took more processor time than it may."""


def limited(fn: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """The function with a limit of time and memory for each call, and without warnings."""
    if fn is None:
        return None

    @functools.wraps(fn)
    def call(*args: Any, **options: Any) -> Any:
        before, memory = signal.signal(signal.SIGVTALRM, _end), resource.getrlimit(resource.RLIMIT_AS)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, SECONDS / 4)
        resource.setrlimit(resource.RLIMIT_AS, (_in_use() + MEMORY, memory[1]))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return fn(*args, **options)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
            resource.setrlimit(resource.RLIMIT_AS, memory)
            signal.signal(signal.SIGVTALRM, before)

    return call


def _end(*_: Any) -> None:
    raise Endless(f"took more than {SECONDS:g} s")


def _in_use() -> int:
    """The size of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _made(source: Source, mutation: Mutation | None = None) -> Candidate | None:
    """The implementation, limited; None where the changed module cannot even be loaded."""
    try:
        found = source.candidate(mutation)
    except Exception:
        return None
    return replace(found, forward=limited(found.forward), backward=limited(found.backward))


# -- one op --------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Change:
    """How far a result is from what it was, in u S (inf: a nan, an infinity, a shape or an error), and where."""

    size: float = 0.0
    where: str = ""


class Ground:
    """The inputs of one op, with truths that are found once for all of its mutants."""

    def __init__(self, op: str, table: Table, number: int):
        self.op, self.pair, self.table, self.number = op, catalogue()[op], table, number
        self.kept = TruthCache(op)
        self._evaluated: dict[tuple[str, str, str], Evaluation] = {}
        self._depends: dict[int, tuple[Evaluation, Dependence]] = {}
        self._inputs: dict[tuple[str, str, str], Evaluation] = {}
        self._originals: dict[Source, Candidate | None] = {}

    def evaluation(self, op: str, hazard: str, dtype: str, direction: str) -> Evaluation:
        """The evaluation of one of the suite's cases."""
        key = (hazard, dtype, direction)
        if key not in self._evaluated:
            e = prepare(self.pair, case_of(op, hazard, dtype, direction), dtype, direction)
            self._evaluated[key] = find_truth(e, self.kept)
        return self._evaluated[key]

    def grading(self, c: Candidate) -> Grading:
        """Grades a candidate on these inputs and on some that are drawn by the seed."""
        asker = InProcess(c.forward, c.backward)
        found = Grading(self.op, asker, self.table, self.evaluation, first_failure=True, seed=self.number)
        found.kept = self.kept
        return found

    def original(self, source: Source) -> Candidate | None:
        """The implementation without a change; None where the judge finds a failure in it, as it is called here."""
        if source not in self._originals:
            found = _made(source)
            grades = [] if found is None else self.grading(found).grades(found.dtypes)
            right = all(g.grade in ("tight", "parity", "stable") for g in grades) and bool(grades)
            self._originals[source] = found if right else None
        return self._originals[source]

    def failure(self, c: Candidate) -> tuple[Seen | None, str]:
        """The first failure that the judge finds, if any; and the grades."""
        grading, grades = self.grading(c), []
        for dtype in c.dtypes:
            grades += grading.grades((dtype,))
            if grading.failed:
                return grading.failed[0][1], "fail"
        kinds = sorted({limit.kind for g in grades for limit, _ in g.limits})
        told = [f"{g.dtype} {g.direction} {g.grade}" for g in grades]
        return None, ", ".join([*told, *(f"limit {k}" for k in kinds)])

    # -- changes ---------------------------------------------------------------------------------------------------------------
    def inputs(self, c: Candidate) -> Iterator[Evaluation]:
        """Every case that a candidate is asked, and twice as many fresh ones as the judge asks, drawn by another seed."""
        grading = Grading(self.op, InProcess(c.forward, c.backward), self.table)
        for dtype in c.dtypes:
            for direction in grading.asker.directions if dtype in self.pair.dtypes else ():
                known = [c for k, c in grading.checks(dtype, direction) if not (c.refused or grading.left_out(k, c))]
                yield from (self._prepared(case, dtype, direction) for case in [*known, *self._fresh(known)])
                yield from (self._with_all_bits(case, dtype, direction) for case in self._fresh(known))

    def _prepared(self, case: Case, dtype: str, direction: str) -> Evaluation:
        key = (case.name + case.salt, dtype, direction)
        found = self._evaluated.get(key) or self._inputs.get(key)
        if found is None:
            found = self._inputs[key] = prepare(self.pair, case, dtype, direction)
        return found

    def _with_all_bits(self, case: Case, dtype: str, direction: str) -> Evaluation:
        """The input with cotangents of all bits; the suite's have few, which narrow sums hold exactly."""
        key = (f"{case.name}{case.salt}, all bits", dtype, direction)
        if key not in self._inputs:
            e, rng = self._prepared(case, dtype, direction), np.random.Generator(np.random.PCG64(self.number))
            full = tuple(c if c is None else (c * rng.uniform(0.5, 1.0, c.shape)).astype(c.dtype) for c in e.cotangents)
            self._inputs[key] = replace(e, cotangents=full, truths=(), parties={})
        return self._inputs[key]

    def _fresh(self, cases: list[Case]) -> list[Case]:
        return [f for n in (1, 2) for f in fresh_cases(cases, self.number + n)[:-1]] if cases else []

    def most(self, old: Candidate, new: Candidate) -> Change:
        """The largest change over all inputs where the original is right without a limit."""
        found = sorted(((self._raw_change(old, new, e), e) for e in self.inputs(old)), key=lambda f: -f[0].size)
        return next((c for c, e in found if c.size <= CHANGE or self._is_clean(old, e)), Change())

    def change(self, old: Candidate, new: Candidate, e: Evaluation) -> Change:
        """The largest change at one input; none where the original itself has a limit."""
        found = self._raw_change(old, new, e)
        return found if found.size <= CHANGE or self._is_clean(old, e) else Change()

    def _is_clean(self, old: Candidate, e: Evaluation) -> bool:
        """Whether the judge accepts the original here without an experiment, and with no limit to its values."""
        grading = Grading(self.op, InProcess(old.forward, old.backward), self.table)
        known = e if e.truths else find_truth(e, self.kept)
        judged = grading.judge.see(known, self._answer(old, e, canonical=False), probe=True).judged
        return judged.grade != "fail" and all(limit.kind in HARMLESS for limit in judged.limits)

    def _raw_change(self, old: Candidate, new: Candidate, e: Evaluation) -> Change:
        """The largest change at one input; an exception is none where an implementation may refuse the input."""
        a, b = (self._answer(c, e) for c in (old, new))
        at = f"{e.dtype} {e.direction} {e.case.name}"
        if a.error:
            return Change()
        if b.error:
            return Change() if e.case.condition or not all_finite(e) else Change(np.inf, f"{at}: {b.error}")
        if len(a.outputs) != len(b.outputs):
            return Change(np.inf, f"{at}: {len(b.outputs)} results for {len(a.outputs)}")
        found = (self._difference(e, i, *y) for i, y in enumerate(zip(a.outputs, b.outputs, strict=True)))
        most = max(found, key=lambda c: c.size, default=Change())
        return Change(most.size, f"{at}{most.where}")

    def _answer(self, c: Candidate, e: Evaluation, canonical: bool = True) -> Party:
        party = InProcess(c.forward, c.backward).ask(e)
        if not canonical or party.error or self.pair.canonical is None or e.direction == "backward":
            return party
        return replace(party, outputs=as_tuple(self.pair.canonical(*party.outputs)))

    def _difference(self, e: Evaluation, position: int, a: Any, b: Any) -> Change:
        if (a is None) != (b is None) or not isinstance(b, (np.ndarray, np.generic, float, int, bool, type(None))):
            return Change(np.inf, f": {type(b).__name__} for {type(a).__name__}")
        a, b = np.asarray(a), np.asarray(b)
        promotes = e.dtype in NARROW and {a.dtype.name, b.dtype.name} <= {e.dtype, *WIDER[e.dtype]}
        if a.shape != b.shape or (a.dtype != b.dtype and not promotes):
            return Change(np.inf, f": {b.dtype}{b.shape} for {a.dtype}{a.shape}")
        if a.dtype.kind in "iubO":
            other = (a != b).any() and ((a != b) & self._ordinary(e, position, a.shape)).any()
            return Change(np.inf, ": other integers") if other else Change()
        return self._distance(e, position, a.astype(np.float64), b.astype(np.float64))

    @np.errstate(all="ignore")
    def _distance(self, e: Evaluation, position: int, a: np.ndarray, b: np.ndarray) -> Change:
        """|b - a| / (u S); a nan or an infinity for a number is infinitely far."""
        unlike = ~((a == b) | (np.isnan(a) & np.isnan(b)))
        unlike &= np.fmax(np.abs(a), np.abs(b)) >= FORMATS[e.dtype].tiny  # subnormal numbers may be taken as 0
        if unlike.any():
            unlike &= self._ordinary(e, position, a.shape)
        special = unlike & ~(np.isfinite(a) & np.isfinite(b))
        if special.any():
            at = tuple(np.argwhere(special)[0])
            return Change(np.inf, f": {b[at]} for {a[at]} at {list(map(int, at))}")
        found = np.where(unlike, units(a, b, np.abs(a), e.dtype), 0.0)
        if (found > CHANGE).any():
            found = units(a, b, self._size(e, position, a, unlike), e.dtype)
        found = np.where(unlike, found, 0.0)
        at = np.unravel_index(int(np.argmax(found)), found.shape) if found.size else ()
        text = f": {b[at]!r} for {a[at]!r} at {list(map(int, at))}, {found[at]:.3g} u S" if found.size else ""
        return Change(float(found.max(initial=0.0)), text)

    def _ordinary(self, e: Evaluation, position: int, shape: tuple[int, ...]) -> np.ndarray:
        """The elements that no nan or infinity reaches, nor a number of extreme range (unless the op is there for these)."""
        extreme = beyond_root(e.dtype)

        def special(x: np.ndarray) -> np.ndarray:
            return ~np.isfinite(x) | (extreme(x) & (not self.pair.spans_range))

        given = [*floats(e).values(), *(c for c in e.cotangents if c is not None)]
        if not any(special(np.asarray(x).astype(np.float64)).any() for x in given):
            return np.ones(shape, bool)
        return ~self._dependence(e).reached(position, shape, special)

    def _size(self, e: Evaluation, position: int, a: np.ndarray, where: np.ndarray) -> np.ndarray:
        """S, or |a| where the definition cannot tell it; at least the scale of errors that the definition declares."""
        size = self._dependence(e).sensitivity(position, where)
        truth = (e if e.truths else find_truth(e, self.kept)).truths[position]
        scale = None if truth is None else truth.scale
        return np.fmax(np.abs(a) if size is None else size, 0.0 if scale is None else scale)

    def _dependence(self, e: Evaluation) -> Dependence:
        if id(e) not in self._depends:
            self._depends[id(e)] = (e, Dependence(e, self.pair))
        return self._depends[id(e)][1]


@np.errstate(all="ignore")
def units(a: np.ndarray, b: np.ndarray, size: np.ndarray, dtype: str) -> np.ndarray:
    """|b - a| / (u size), at least half of the smallest number in place of that; u is of the dtype that both are rounded to."""
    wide = np.where(np.fmax(np.abs(a), np.abs(b)) > 1.0, 1.0, TINY)
    unit = np.fmax(FORMATS[dtype].u * (size * wide), FORMATS[dtype].smallest * wide / 2)
    return np.nan_to_num(np.abs(b * wide - a * wide) / unit, nan=0.0)


# -- outcomes ------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: caught, missed, equivalent or void (the original is not right, as it is called here)."""

    kind: str
    label: str
    change: Change = Change()
    grades: str = ""

    def __str__(self) -> str:
        return f"{self.label}\n    changes {self.change.where}\n    judged {self.grades}"


def outcome(ground: Ground, source: Source, mutation: Mutation) -> Outcome:
    """Judge a mutant, and find out whether it changes anything."""
    label = f"{source.label}, {mutation}"
    old, new = ground.original(source), _made(source, mutation)
    if old is None or new is None:
        return Outcome("void", label)
    seen, grades = ground.failure(new)
    if seen is None:
        most = ground.most(old, new)
        return Outcome("missed" if most.size > CHANGE else "equivalent", label, most, grades)
    change = ground.change(old, new, seen.evaluation)
    if change.size <= CHANGE:
        change = ground.most(old, new)
    return Outcome("caught" if change.size > CHANGE else "equivalent", label, change, grades)
