"""The search for elementwise ops: the inputs of its cases first, then three walks for each seed and setting of the options."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from parity.cases import Case, Stored, build, with_stored
from parity.evaluate import Evaluation, evaluate
from parity.evidence import REPEATED, spelled
from parity.runner import cases
from parity.search.filters import filtered
from parity.search.findings import Finding, Meter, Target
from parity.search.patterns import keys_of, mantissa_bits, top_key
from parity.search.pool import Pool, worth
from parity.search.scores import Scores, Task, results, scores, ulp
from parity.search.walks import Walk, random_cotangents

BUDGET = 20_000
"""Inputs for each seed."""
WITNESSES = 8
"""Inputs in a finding."""
PLAIN = 0.6
"""The part of the work that the default options get, where there are others."""
PLAN = (("stratified", 0.25), ("live", 0.1), ("filtered", 0.1), ("beam", 0.3), ("filtered", 0.1), ("local", 0.15))
SPARE = 4
"""Seeds that are added where a time limit leaves room for them."""
ROUNDS = 4
"""The local walk goes on from what it found, this many times at least."""


def explore(
    task: Task, budget: int | None, seeds: Sequence[int], seconds: float | None, start: Sequence[Stored]
) -> list[Finding]:
    """The worst inputs of every target."""
    began = time.perf_counter()
    first = Meter(None, None if seconds is None else began + seconds)
    pools = _pools(task, start, first)
    targets = task.targets()
    grown = list(pools)
    for done, seed in enumerate(seeds):
        deadline = None if seconds is None else share_of_time(began + seconds, len(seeds) - done)
        points = budget if budget is not None else BUDGET if deadline is None else None
        grown += _one_seed(pools, targets, seed, points, deadline, first)
    if seconds is not None and budget is None:
        grown += _more(pools, targets, max(seeds) + 1, began + seconds, first)
    found = (_finding(task, target, grown) for target in targets)
    return [f for f in found if f is not None]


def share_of_time(end: float, seeds: int) -> float:
    """When the next of so many seeds must stop."""
    now = time.perf_counter()
    return now + max(end - now, 0.0) / seeds


def _more(pools: list[Pool], targets: list[Target], seed: int, end: float, first: Meter) -> list[Pool]:
    """Further seeds in the time that is left: how much fits in was only guessed from the first inputs."""
    grown: list[Pool] = []
    enough = (end - time.perf_counter()) / 4
    for further in range(seed, seed + SPARE):
        if end - time.perf_counter() > enough:
            grown += _one_seed(pools, targets, further, None, end, first)
    return grown


# -- where it starts -----------------------------------------------------------------------------------------------------------
def _pools(task: Task, start: Sequence[Stored], meter: Meter) -> list[Pool]:
    """One pool for each setting of the options, with the inputs of the cases in it (the caller's with the default options)."""
    settings: dict[str, list[Case]] = {}
    for case in cases(task.op):
        if _usable(case, task):
            settings.setdefault(repr(sorted(case.options.items())), []).append(case)
    pools = []
    for group in settings.values():
        pool = Pool(task, group[0])
        stored = [*(c.stored for c in group if c.stored is not None), *(() if pools else start)]
        keys = _known(task, group, stored)
        dys = None
        if task.direction == "backward":
            pool.add(*_given(task, stored), meter)
            dys = random_cotangents(keys.size, task.dtype, generator_of(task, 0, "start"))
        pool.add(keys, dys, meter)
        pools.append(pool)
    return pools


def _usable(case: Case, task: Task) -> bool:
    """Cases with inputs of their own; layouts have those of the plain case, and the exhaustive ones are too many.

    Where the caller names the cases to start from, none is a stored witness: a certification must repeat exactly.
    """
    if task.starts and case.stored is not None:
        return False
    limited = (case.dtypes and task.dtype not in case.dtypes) or (case.directions and task.direction not in case.directions)
    return not limited and not case.layout and not case.name.startswith("every_")


def _known(task: Task, group: Iterable[Case], stored: Iterable[Stored]) -> np.ndarray:
    """The inputs of the cases and the stored ones, windows around the knots and around 1, and the powers of two."""
    name, dtype = task.pair.arrays[0].name, task.dtype
    arrays = [build(task.pair, case, dtype).arrays[0] for case in group]
    arrays += [s.arrays[name] for s in stored if name in s.arrays]
    flat = np.concatenate([np.asarray(a).astype(np.float64).reshape(-1) for a in arrays])
    steps = 2 ** np.arange(0, mantissa_bits(dtype), 2)
    centres = keys_of([1.0, -1.0, *task.pair.knots], dtype)[:, None]
    powers = keys_of([s * 2.0**k for k in range(-64, 65) for s in (1, -1)], dtype)
    around = np.concatenate([(centres + steps).reshape(-1), (centres - steps).reshape(-1), powers])
    last = top_key(dtype)
    return np.unique(np.concatenate([keys_of(flat[~np.isnan(flat)], dtype), around[(around <= last) & (around >= -last - 1)]]))


def _given(task: Task, stored: Iterable[Stored]) -> tuple[np.ndarray, np.ndarray]:
    """Stored inputs that have cotangents of their own."""
    name, keys, dys = task.pair.arrays[0].name, [np.empty(0, np.int64)], [np.empty(0)]
    for s in stored:
        if name in s.arrays and s.cotangents and s.cotangents[0] is not None:
            keys.append(keys_of(s.arrays[name], task.dtype))
            dys.append(np.asarray(s.cotangents[0]).astype(np.float64).reshape(-1))
    return np.concatenate(keys), np.concatenate(dys)


def generator_of(task: Task, seed: int, what: str) -> np.random.Generator:
    """The random numbers of one seed of one search."""
    name = "/".join((task.op, task.dtype, task.direction, what))
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))


# -- one seed ------------------------------------------------------------------------------------------------------------------
def _one_seed(
    pools: Sequence[Pool], targets: list[Target], seed: int, points: int | None, deadline: float | None, first: Meter
) -> list[Pool]:
    """Every pool grown by its share of the work."""
    if points is None:
        assert deadline is not None
        points = first.affordable(max(0.0, deadline - time.perf_counter()))
    grown = []
    for i, pool in enumerate(pools):
        share = 1.0 if len(pools) == 1 else PLAIN if i == 0 else (1 - PLAIN) / (len(pools) - 1)
        meter = Meter(round(share * points), deadline)
        walk = Walk(pool.fork(), targets, generator_of(pool.task, seed, pool.case.name), meter)
        _walk(walk, meter)
        grown.append(walk.pool)
    return grown


def _walk(walk: Walk, meter: Meter) -> None:
    """The plan, in parts of the work; what is left over goes to the local walk."""
    points = meter.points or 0
    if not points or not walk.targets:
        return
    for name, part in PLAN:
        step = filtered if name == "filtered" else getattr(Walk, name)
        if not meter.done():
            step(walk, round(part * points))
    for _ in range(3 * ROUNDS):
        if meter.done() or not walk.local(max(1, points // 10)):
            break


# -- what it found -------------------------------------------------------------------------------------------------------------
def _finding(task: Task, target: Target, pools: Sequence[Pool]) -> Finding | None:
    """The worst inputs of the setting that has the worst of all, evaluated once more as the suite will see them."""
    top = max(pools, key=lambda p: p.values(target).max(initial=0.0))
    if not top.values(target).max(initial=0.0) > 0:
        return None
    keys, dys = _worst_inputs([p for p in pools if p.case is top.case], target)
    repeated = top.stored(np.resize(keys, REPEATED), np.resize(dys, REPEATED))
    e = evaluate(task.pair, with_stored(top.case, repeated, "search"), task.dtype, task.direction)
    found = scores(task, e, target.who)[0]
    assert isinstance(found, Scores)
    value = worth(target, found.units, found.region, task.dtype)
    each = np.array([value[i :: keys.size].max() for i in range(keys.size)])
    order = np.argsort(-each, kind="stable")[: np.count_nonzero(each > 0)]
    if not order.size:
        return None
    at = int(np.argmax(value))
    return Finding(
        task.op, task.direction, task.dtype, target.who, target.region, target.kind,
        units=float(value[at]), ulp=_ulp(e, target.who, at), stage=str(found.stage[at]), case=top.case,
        stored=top.stored(keys[order], dys[order]), element=_element(e, at), results=results(task, e, 0, (at,)),
    )  # fmt: skip


def _worst_inputs(pools: Sequence[Pool], target: Target) -> tuple[np.ndarray, np.ndarray]:
    """The worst inputs of all seeds, from different places: an eighth of a binade each."""
    keys, dys, values = [], [], []
    for pool in pools:
        best = pool.best(target, WITNESSES, depth=3)
        keys.append(pool.keys[best])
        dys.append(pool.cotangents[best])
        values.append(pool.values(target)[best])
    key, dy, value = map(np.concatenate, (keys, dys, values))
    order = np.argsort(-value, kind="stable")
    _, first = np.unique(key[order] >> (mantissa_bits(pools[0].task.dtype) - 3), return_index=True)
    chosen = order[np.sort(first)[:WITNESSES]]
    return key[chosen], dy[chosen]


def _ulp(e: Evaluation, who: str, at: int) -> float:
    party, truth = e.parties[who], e.truths[0]
    assert truth is not None
    if party.error or np.shape(party.outputs[0]) != truth.value.shape:
        return np.inf
    return ulp(float(party.outputs[0][at]), truth, (at,), e.dtype)


def _element(e: Evaluation, at: int) -> str:
    x = float(e.built.arrays[0][at])
    text = f"{e.built.kinds[0].name} = {spelled(x)} ({e.built.arrays[0][at]!s})"
    dy = e.cotangents[0] if e.cotangents else None
    return text if dy is None else f"{text}, dy = {spelled(float(dy[at]))}"
