"""Three ways through the inputs of an elementwise op that share one pool: binade by binade, by a beam, and around the best.

- stratified: every binade of both signs, then more of those where any party errs at all;
- beam: P. Zimmermann et al., Accuracy of Mathematical Functions in Single, Double, … Precision: intervals of bit patterns,
  the best few kept by the worst error sampled in them and split, down to single numbers, once for each target;
- local: windows of +-2^k numbers around the worst inputs of each binade.
"""

from __future__ import annotations

import math

import numpy as np

from parity.formats import FORMATS
from parity.search.findings import Meter, Target
from parity.search.patterns import all_binades, bounds, mantissa_bits, top_key
from parity.search.pool import Pool

BEAM = 20
"""Intervals that a beam keeps."""
SPLIT = 4
"""Parts that an interval is split into, each sampled once more."""
DULL = 1e-2
"""A binade in which no party is this many units off is saturated, or exact: it gets little of the budget."""
CENTRES = 16
"""Binades whose worst inputs get a window of their own."""


class Walk:
    """A pool with its targets, and the random numbers of one seed."""

    def __init__(self, pool: Pool, targets: list[Target], rng: np.random.Generator, meter: Meter):
        self.pool, self.rng, self.meter = pool, rng, meter
        self.targets = [t for t in targets if t.who in pool.whos]
        self.dtype = pool.task.dtype
        self.backward = pool.task.direction == "backward"

    def shares(self) -> dict[Target, float]:
        """Which part of the work each target gets: ours half of it; nothing where nothing worse can be found."""
        mine = [t for t in self.targets if t.who == "ours"]
        theirs = [t for t in self.targets if t.who != "ours"]
        half = {t: 0.5 / len(group) for group in (mine, theirs) for t in group}
        whole = 1.0 if mine and theirs else 2.0
        hopeless = {t for t in self.targets if self.pool.keys.size and np.isinf(self.pool.values(t)).any()}
        return {t: whole * s for t, s in half.items() if t not in hopeless}

    def add(self, keys: np.ndarray, cotangents: np.ndarray | None = None) -> int:
        """Evaluate these inputs, with random cotangents unless some are given."""
        if self.backward and cotangents is None:
            cotangents = random_cotangents(keys.size, self.dtype, self.rng)
        return self.pool.add(keys, cotangents, self.meter)

    # -- stratified ------------------------------------------------------------------------------------------------------------
    def stratified(self, count: int) -> None:
        """As many inputs in each binade, or one in every few of them."""
        every = all_binades(self.dtype)
        step = max(1, math.ceil(every.size / max(count, 1)))
        chosen = every[int(self.rng.integers(step)) :: step]
        self.add(self.within(np.repeat(chosen, max(1, count // every.size))))

    def live(self, count: int) -> None:
        """More inputs in the binades where somebody errs."""
        binades = self.live_binades(DULL)
        self.add(self.within(self.rng.choice(binades, size=count)))

    def live_binades(self, least: float) -> np.ndarray:
        """The binades where somebody errs by more than `least` units; all of them where there is none."""
        units = np.max([c.units for c in self.pool.columns.values()], axis=0)
        interesting = np.isfinite(self.pool.exact) & np.isfinite(units) & (units > least)
        found = np.unique(self.pool.places()[interesting])
        return found if found.size else all_binades(self.dtype)

    def within(self, binades: np.ndarray) -> np.ndarray:
        """A random input in each of these binades."""
        low, high = bounds(binades, self.dtype)
        return self.rng.integers(low, high, endpoint=True)

    # -- beam ------------------------------------------------------------------------------------------------------------------
    def beam(self, count: int) -> None:
        """One beam for each target, level by level, so that all of them are evaluated together."""
        levels = math.ceil(mantissa_bits(self.dtype) / math.log2(SPLIT))
        frontier = {}
        for target, share in self.shares().items():
            width = min(BEAM, int(share * count / levels / SPLIT))
            best = self.pool.best(target, width) if width > 1 else []
            if len(best):
                frontier[target] = (width, np.stack(bounds(self.pool.places()[best], self.dtype), axis=1))
        for _ in range(levels):
            children = {t: _split(intervals) for t, (_, intervals) in frontier.items()}
            if not children or self.meter.done():
                break
            self.add(np.concatenate([self.rng.integers(c[:, 0], c[:, 1], endpoint=True) for c in children.values()]))
            order = np.argsort(self.pool.keys, kind="stable")
            frontier = {t: (w, self._kept(t, w, children[t], order)) for t, (w, _) in frontier.items()}

    def _kept(self, target: Target, width: int, intervals: np.ndarray, order: np.ndarray) -> np.ndarray:
        """The intervals with the worst inputs in them."""
        keys, value = self.pool.keys[order], self.pool.values(target)[order]
        first = np.searchsorted(keys, intervals[:, 0], "left")
        last = np.searchsorted(keys, intervals[:, 1], "right")
        worst = np.array([value[a:b].max(initial=-1.0) for a, b in zip(first, last, strict=True)])
        return intervals[np.argsort(-worst, kind="stable")[:width]]

    # -- local -----------------------------------------------------------------------------------------------------------------
    def local(self, count: int) -> int:
        """Windows around the worst inputs of each target; how many inputs were new."""
        keys, cotangents = self.around(count)
        return self.add(keys, cotangents) if keys.size else 0

    def around(self, count: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Inputs near the worst ones of each target, and cotangents like theirs or random ones."""
        keys, dys = [np.empty(0, np.int64)], [np.empty(0)]
        for target, share in self.shares().items():
            best = self.pool.best(target, CENTRES)
            if best.size:
                chosen = self.rng.choice(best, size=max(1, round(share * count)))
                keys.append(self._moved(self.pool.keys[chosen]))
                dys.append(self._turned(chosen))
        return np.concatenate(keys), np.concatenate(dys) if self.backward else None

    def _moved(self, keys: np.ndarray) -> np.ndarray:
        """Each input moved by up to +-2^k, k random; a third of those of a gradient stay where they are."""
        reach = 2.0 ** self.rng.uniform(0, mantissa_bits(self.dtype), size=keys.size)
        offset = np.rint(reach * self.rng.uniform(-1, 1, size=keys.size)).astype(np.int64)
        if self.backward:
            offset[self.rng.random(keys.size) < 1 / 3] = 0
        last = top_key(self.dtype)
        return np.clip(keys + offset, -last - 1, last)

    @np.errstate(all="ignore")
    def _turned(self, chosen: np.ndarray) -> np.ndarray:
        """Cotangents: those of the chosen inputs, new ones, and a few extreme ones."""
        if not self.backward:
            return np.empty(0)
        dy = self.pool.cotangents[chosen]
        draw = self.rng.random(chosen.size)
        dy = np.where(draw < 0.5, random_cotangents(chosen.size, self.dtype, self.rng), dy)
        extreme = np.ldexp(dy, self._powers(dy, np.abs(self.pool.exact[chosen] / self.pool.cotangents[chosen])))
        return np.where(draw > 0.95, extreme, dy)

    @np.errstate(all="ignore")
    def _powers(self, dy: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """Exponents of powers of two that a cotangent may be multiplied by while it, the slope and the gradient are normal."""
        fmt = FORMATS[self.dtype]
        sizes = np.stack([np.log2(np.abs(dy)), np.log2(np.abs(dy) * slope)])
        normal = np.isfinite(sizes).all(axis=0) & (slope >= fmt.tiny) & (slope <= fmt.max)
        low = np.ceil(2 - fmt.max_exponent - sizes.min(axis=0))
        high = np.floor(fmt.max_exponent - 1 - sizes.max(axis=0))
        normal &= low <= high
        low, high = np.where(normal, low, 0), np.where(normal, high, 0)
        return self.rng.integers(low.astype(int), high.astype(int), endpoint=True)


def _split(intervals: np.ndarray) -> np.ndarray:
    """Every interval in SPLIT parts (fewer where it has fewer numbers), first and last integer included."""
    low, high = intervals[:, :1], intervals[:, 1:]
    width = high - low + 1
    edges = low + (width // SPLIT) * np.arange(SPLIT + 1) + (width % SPLIT) * np.arange(SPLIT + 1) // SPLIT
    parts = np.stack([edges[:, :-1], edges[:, 1:] - 1], axis=-1).reshape(-1, 2)
    return parts[parts[:, 1] >= parts[:, 0]]


def random_cotangents(count: int, dtype: str, rng: np.random.Generator) -> np.ndarray:
    """Numbers of 1 to 11 significant bits with a magnitude in [0.5, 2)."""
    bits = rng.integers(0, min(11, FORMATS[dtype].precision), size=count)
    fraction = np.floor(rng.random(count) * 2.0**bits) / 2.0**bits
    return (1 + fraction) * np.where(rng.random(count) < 0.5, 0.5, 1.0) * np.where(rng.random(count) < 0.5, -1.0, 1.0)
