"""The search for all other ops: hill climbing from the op's own cases, on its arrays and cotangents.

A climber starts at one of the worst cases, changes arrays at random, and goes on from what is worse; where nothing is worse for
long it starts again elsewhere.  Every evaluation scores all parties; ours steers half of them.  What is not a float array
(labels, masks, indices, randomness) stays as its case has it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from parity.cases import Case, Stored, build, with_stored
from parity.check.regions import OUTSIDE
from parity.errors import ParityError
from parity.evaluate import Evaluation, evaluate
from parity.evidence import spelled
from parity.formats import DTYPES
from parity.loader import catalogue
from parity.measure import REFERENCE_LIMIT
from parity.oracle import OracleError
from parity.runner import case_of, cases, place
from parity.search.findings import Finding, Meter, Target
from parity.search.mutations import CALM, changed, copied
from parity.search.ranges import Range, cotangent_range, is_extreme, ranges_of
from parity.search.scores import Scores, Task, results, scores
from parity.search.unary import generator_of, share_of_time

BUDGET = 60
"""Evaluations for each seed."""
LARGEST = 300
"""Elements of all float arrays of a case that is searched."""
STUCK = 12
"""Evaluations without anything worse after which a climber starts again."""
SIDEWAYS = 0.05
"""The chance of going on from a change that is not worse."""
KEPT = 8
"""Starts kept for each target."""
FIRST = 0.3
"""The part of a time limit that the cases themselves may take."""


@dataclass(frozen=True)
class Point:
    """One input with what it is worth to every target."""

    case: Case
    stored: Stored
    value: Mapping[Target, float] = field(default_factory=dict)


@dataclass
class Archive:
    """The worst points of each target, at most one from each case but for the worst of all."""

    targets: list[Target]
    best: dict[Target, list[Point]] = field(default_factory=dict)

    def add(self, point: Point) -> None:
        """Keep the point where it is among the worst."""
        for target in self.targets:
            value = point.value.get(target, -1.0)
            if value > 0:
                kept = self.best.setdefault(target, [])
                others = [p for p in kept if p.case.name != point.case.name]
                same = [p for p in kept if p.case.name == point.case.name]
                worse = max([*same, point], key=lambda p: p.value[target])
                self.best[target] = sorted([*others, worse], key=lambda p: -p.value[target])[:KEPT]


# -- what can be searched ------------------------------------------------------------------------------------------------------
@cache
def is_of_integers(op: str, dtype: str) -> bool:
    """Whether none of the op's results is a floating-point number."""
    e = evaluate(catalogue()[op], case_of(op, "ordinary", dtype, "forward"), dtype, "forward")
    return all(t is not None and t.hi is None for t in e.truths)


def _usable(case: Case, task: Task) -> bool:
    limited = (case.dtypes and task.dtype not in case.dtypes) or (case.directions and task.direction not in case.directions)
    return not limited and not case.layout and (not task.starts or case.name in task.starts)


def _free(task: Task, case: Case) -> dict[str, np.ndarray]:
    """The float arrays of a case that may be changed; none where the case is too large."""
    built = build(task.pair, case, task.dtype)
    floats = {k.name: a for k, a in zip(built.kinds, built.arrays, strict=True) if k.role == "float" and a is not None}
    return floats if 0 < sum(a.size for a in floats.values()) <= LARGEST else {}


# -- exploring -----------------------------------------------------------------------------------------------------------------
def explore(
    task: Task, budget: int | None, seeds: Sequence[int], seconds: float | None, start: Sequence[Stored]
) -> list[Finding]:
    """The worst inputs of every target."""
    end = None if seconds is None else time.perf_counter() + seconds
    archive = Archive(task.targets())
    _begin(task, archive, start, None if end is None or seconds is None else end - (1 - FIRST) * seconds)
    starts = {t: list(points) for t, points in archive.best.items()}
    for done, seed in enumerate(seeds):
        points = budget if budget is not None else BUDGET if end is None else None
        meter = Meter(points, None if end is None else share_of_time(end, len(seeds) - done))
        own = Archive(archive.targets, {t: list(p) for t, p in starts.items()})
        _climb_all(task, own, generator_of(task, seed, "climb"), meter)
        for points_of in own.best.values():
            for point in points_of:
                archive.add(point)
    found = (_finding(task, t, archive.best[t][0]) for t in archive.targets if archive.best.get(t))
    return [f for f in found if f is not None]


def _begin(task: Task, archive: Archive, start: Sequence[Stored], deadline: float | None) -> None:
    """Score the cases, in random order where only some of them can be, and the caller's inputs before them."""
    usable = [c for c in cases(task.op) if _usable(c, task)]
    points = list(_starts(task, usable, start))
    shuffled = generator_of(task, 0, "start").permutation(len(usable))
    points += [_own(task, usable[i]) for i in shuffled]
    meter = Meter(None, deadline)
    for point in points:
        if meter.expired() and archive.best:
            break
        scored = _scored(task, point) if point.stored.arrays else None
        if scored is not None:
            archive.add(scored)


def _own(task: Task, case: Case) -> Point:
    """A case as it is; a witness with its own cotangents."""
    return Point(case, Stored(_free(task, case), () if case.stored is None else case.stored.cotangents))


def _starts(task: Task, usable: Sequence[Case], start: Sequence[Stored]) -> Iterator[Point]:
    """Stored inputs, each with the first case whose arrays have their shapes."""
    for stored in start:
        for case in usable:
            own = _free(task, case)
            if own and all(k in own and np.shape(a) == own[k].shape for k, a in stored.arrays.items()):
                yield Point(case, Stored({**own, **stored.arrays}, stored.cotangents))
                break
        else:
            shapes = {k: np.shape(a) for k, a in stored.arrays.items()}
            raise ParityError(f"No case of {task.op} has arrays of these shapes: {shapes}; see `parity explain {task.op}`.")


def _scored(task: Task, point: Point) -> Point | None:
    """The point with its values and its cotangents, or None where the truth cannot be proven or ours may refuse the input."""
    case = with_stored(point.case, point.stored, "search")
    try:
        e = evaluate(task.pair, case, task.dtype, task.direction)
    except OracleError:
        task.undecided += 1
        return None
    task.evaluations += 1
    if e.party("ours", task.ours).error and not all(t is None or np.isfinite(t.value).all() for t in e.truths):
        return None  # such as a singular matrix: what is documented to raise has no error to measure
    parties = task.parties(point.case.name)
    value = {t: _value(task, e, t) for t in task.targets() if t.who in parties}
    return Point(point.case, replace(point.stored, cotangents=e.cotangents), value)


def _value(task: Task, e: Evaluation, target: Target) -> float:
    """The worst element that counts for the target; a case of a reference beyond the limit counts for no budget."""
    found = [s for s in scores(task, e, target.who) if s is not None and s.units.size]
    worst = max((float(s.units.max()) for s in found), default=0.0)
    if target.kind == "extreme":
        return worst
    if target.who != "ours" and not worst <= REFERENCE_LIMIT[task.dtype]:
        return -1.0
    return max((float(s.units[_counts(s, target)].max(initial=-1.0)) for s in found), default=0.0)


def _counts(s: Scores, target: Target) -> np.ndarray:
    return s.region == (OUTSIDE if target.region is None else target.region)


# -- climbing ------------------------------------------------------------------------------------------------------------------
def _climb_all(task: Task, archive: Archive, rng: np.random.Generator, meter: Meter) -> None:
    """Climbs in turn until nothing is left: every second one for ours, if ours is searched."""
    mine = [t for t in archive.best if t.who == "ours"]
    theirs = [t for t in archive.best if t.who != "ours"]
    turn = 0
    while archive.best and not meter.done():
        group = (mine if turn % 2 == 0 else theirs) or mine or theirs
        target = group[turn // 2 % len(group)]
        turn += 1
        if not _climb(task, archive, target, rng, meter) and turn > 4 * len(archive.best):
            break


def _climb(task: Task, archive: Archive, target: Target, rng: np.random.Generator, meter: Meter) -> bool:
    """One climb, until it is stuck; whether anything could be evaluated."""
    current = _start(archive.best[target], target, rng)
    moves = _Moves(task, current)
    stuck = 0
    if not moves.any() or np.isinf(current.value[target]):
        return False
    while stuck < STUCK and not meter.done():
        meter.spent += 1
        stuck += 1
        point = _scored(task, moves.changed(current, rng))
        if point is None:
            continue
        archive.add(point)
        better = point.value.get(target, -1.0) - current.value[target]
        if better > 0 or (better > -0.5 * current.value[target] and rng.random() < SIDEWAYS):
            current, stuck = point, 0 if better > 0 else stuck
        if np.isinf(current.value[target]):
            break
    return True


def _start(points: Sequence[Point], target: Target, rng: np.random.Generator) -> Point:
    """One of the kept points that can still get worse, the worst ones with the best chance."""
    finite = [p for p in points if np.isfinite(p.value[target])] or list(points)
    return finite[min(int(rng.geometric(0.4)) - 1, len(finite) - 1)]


class _Moves:
    """The arrays of a point that may be changed, and within which range."""

    def __init__(self, task: Task, point: Point):
        self.dtype = task.dtype
        kinds = ranges_of(task.op, task.dtype)
        self.ranges: dict[str | int, Range] = {
            name: kinds[name] for name, a in point.stored.arrays.items() if a.size and not kinds[name].frozen
        }
        if task.direction == "backward":
            self.ranges |= {
                i: cotangent_range(task.dtype) for i, c in enumerate(point.stored.cotangents) if c is not None and c.size
            }
        self.calm: set[str | int] = set()
        if task.dtype == "float64":
            for name, a in point.stored.arrays.items():
                if name in self.ranges:
                    self.ranges[name] = self.ranges[name].around(a)
                    self.calm |= {name} if is_extreme(a) else set()

    def any(self) -> bool:
        """Whether there is anything to change."""
        return bool(self.ranges)

    def changed(self, point: Point, rng: np.random.Generator) -> Point:
        """The point with one to three changes."""
        arrays, cotangents = dict(point.stored.arrays), list(point.stored.cotangents)
        for _ in range(int(rng.integers(1, 4))):
            names = list(self.ranges)
            name = names[int(rng.integers(len(names)))]
            holder: Any = cotangents if isinstance(name, int) else arrays
            wide = np.asarray(holder[name]).astype(np.float64)
            peers = [a for k, a in arrays.items() if k != name and a.shape == wide.shape and k in self.ranges]
            if name in self.calm:
                made = changed(wide, self.dtype, rng, CALM)
            elif peers and not isinstance(name, int) and rng.random() < 0.2:
                made = copied(wide, peers[int(rng.integers(len(peers)))].astype(np.float64), self.dtype, rng)
            else:
                made = changed(wide, self.dtype, rng)
            holder[name] = _cast(self.ranges[name].applied(made), self.dtype)
        return Point(point.case, Stored(arrays, tuple(cotangents)))


@np.errstate(all="ignore")
def _cast(x: np.ndarray, dtype: str) -> np.ndarray:
    return np.asarray(x).astype(DTYPES[dtype])


# -- what it found -------------------------------------------------------------------------------------------------------------
def _finding(task: Task, target: Target, point: Point) -> Finding | None:
    """The point evaluated once more, with the worst element that counts for the target."""
    e = evaluate(task.pair, with_stored(point.case, point.stored, "search"), task.dtype, task.direction)
    best = None
    for position, s in enumerate(scores(task, e, target.who)):
        if s is not None and s.units.size:
            units = s.units if target.kind == "extreme" else np.where(_counts(s, target), s.units, -1.0)
            at = tuple(int(i) for i in np.unravel_index(int(np.argmax(units)), units.shape))
            if best is None or units[at] > best[0]:
                best = (float(units[at]), position, at, str(s.stage[at]))
    if best is None or best[0] <= 0:
        return None
    units, position, at, stage = best
    return Finding(
        task.op, task.direction, task.dtype, target.who, target.region, target.kind, units=units, ulp=None, stage=stage,
        case=point.case, stored=point.stored, element=_element(e, position, at), results=results(task, e, position, at),
    )  # fmt: skip


def _element(e: Evaluation, position: int, at: tuple[int, ...]) -> str:
    """Where it is, with the elements of the float arrays that have the same index."""
    text = f"[{', '.join(map(str, at))}] of {place(e, position)}"
    for kind, a in zip(e.built.kinds, e.built.arrays, strict=True):
        if kind.role == "float" and a is not None and a.ndim == len(at) and (np.array(at) < a.shape).all():
            text += f", {kind.name} = {spelled(float(a[at]))}"
    return text
