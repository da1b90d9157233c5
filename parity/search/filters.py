"""Many inputs of a narrow dtype judged in float64, so that ball arithmetic is spent on the worst of them alone."""

from __future__ import annotations

import inspect

import numpy as np

from parity import loader
from parity.cases import build, with_stored
from parity.check.errors import units_of
from parity.check.regions import regions_at
from parity.evaluate import Evaluation
from parity.oracle import Truth
from parity.rounding import nearest
from parity.search.findings import Target
from parity.search.patterns import binades
from parity.search.pool import Pool, worth
from parity.search.walks import Walk, random_cotangents

INDEPENDENT, OWN = 64, 32
"""Inputs tried for each that is evaluated: with a fast form of the op of its own, and with our own float64 in its place."""


def filtered(walk: Walk, count: int) -> None:
    """Evaluate the `count` most suspicious of many inputs, half of them anywhere, half near the worst ones known."""
    pool = walk.pool
    if walk.dtype == "float64" or not pool.keys.size or count < 1:
        return
    size = count * (OWN if _form(pool) is None else INDEPENDENT)
    keys, dy = walk.around(size // 2)
    anywhere = walk.within(walk.rng.choice(walk.live_binades(0.0), size=size // 2))
    if dy is not None:
        dy = np.concatenate([dy, random_cotangents(anywhere.size, walk.dtype, walk.rng)])
    keys = np.concatenate([keys, anywhere])
    suspects = _suspects(walk, keys, dy, count)
    walk.add(keys[suspects], None if dy is None else dy[suspects])


def _form(pool: Pool):
    """An independent float64 form of the op that knows the options, if there is one."""
    found = loader.wide(pool.task.op) if pool.task.direction == "forward" else None
    options = {**pool.task.pair.options, **pool.case.options}
    if found is None or not set(options) <= set(list(inspect.signature(found[0]).parameters)[1:]):
        return None
    return lambda x: found[0](x, **options)


@np.errstate(all="ignore")
def _suspects(walk: Walk, keys: np.ndarray, dy, count: int) -> np.ndarray:
    """The positions of the inputs that look worst for the targets, by their shares."""
    pool = walk.pool
    task = pool.task
    stored = pool.stored(keys, np.ones(keys.size) if dy is None else dy)
    case = with_stored(pool.case, stored, "search")
    built = build(task.pair, case, task.dtype)
    exact = _in_float64(pool, built.arrays[0], dy)
    if exact is None:
        return np.empty(0, int)
    truth = Truth(nearest(exact, np.zeros(exact.shape), task.dtype), exact, np.zeros(exact.shape), np.abs(exact))
    e = Evaluation(task.pair, case, task.dtype, task.direction, built, stored.cotangents, (truth,))
    places = binades(keys, task.dtype)
    chosen = [_worst(_value(walk, e, t), places, round(share * count)) for t, share in walk.shares().items()]
    return np.unique(np.concatenate([np.empty(0, int), *chosen]))


def _in_float64(pool: Pool, x: np.ndarray, dy) -> np.ndarray | None:
    """The results by the independent form, or else by ours in float64."""
    task, form = pool.task, _form(pool)
    wide = x.astype(np.float64)
    try:
        if form is not None:
            return np.asarray(form(wide))
        options = {**task.pair.options, **pool.case.options}
        grad = () if dy is None else (dy,)
        fn = task.ours.forward if dy is None else task.ours.backward
        found = task.pair.call(fn, grad, [wide], options)
    except Exception:  # the filter only saves work: without it the search goes on
        return None
    found = np.asarray(found[0] if isinstance(found, tuple) else found)
    return found if found.shape == wide.shape and found.dtype == np.float64 else None


def _value(walk: Walk, e: Evaluation, target: Target) -> np.ndarray:
    """What the target would be worth at each input; nan and infinities are left to the other walks."""
    party, truth = e.party(target.who, walk.pool.task.ours), e.truths[0]
    assert truth is not None
    if party.error or np.shape(party.outputs[0]) != truth.value.shape:
        return np.full(truth.value.shape, -1.0)
    dy = e.cotangents[0] if e.cotangents else None
    region, floor = regions_at(walk.pool.task.regions(target.who), e.built.arrays[0], dy)
    units = units_of(party.outputs[0], truth, e.dtype, floor)
    return np.where(np.isfinite(units), worth(target, units, region, e.dtype), -1.0)


def _worst(value: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    """Half of them the worst of all, half the worst of each binade."""
    order = np.argsort(-value, kind="stable")
    order = order[: np.count_nonzero(value > 0)]
    _, first = np.unique(places[order], return_index=True)
    return np.concatenate([order[: count - count // 2], order[np.sort(first)[: count // 2]]])
