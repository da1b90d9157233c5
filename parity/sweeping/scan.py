"""The first look at a chunk of bit patterns: every value against a fast float64 reference, in blocks that stay in cache.

Where neighbouring values of the reference lie on a polynomial, they are taken from that (`parity.sweeping.neighbours`).
All that is suspicious is kept with what was returned for it, for ball arithmetic to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from parity.formats import DTYPES, Format
from parity.sweeping.neighbours import Neighbours, Values
from parity.sweeping.patterns import BINS, BLOCK, EDGES, Ruler, bins_of

LOOSE = 16.0
"""A reference that claims less than so many float64 ulp is asked at every pattern: interpolating it costs a few."""
KEPT = 64
"""For each block at most so many wrong roundings (worst first) and near ties (nearest first) are kept."""

Party = Callable[[np.ndarray], np.ndarray]


@dataclass
class Points:
    """Inputs with what the party under test and the reference returned for them (both as float64)."""

    pattern: np.ndarray
    got: np.ndarray
    reference: np.ndarray

    def take(self, index) -> Points:
        """Some of the points."""
        return Points(self.pattern[index], self.got[index], self.reference[index])

    @staticmethod
    def join(parts: list[Points]) -> Points:
        """All points of several lists."""
        return Points(
            np.concatenate([np.zeros(0, np.int64), *(p.pattern for p in parts)]),
            np.concatenate([np.zeros(0), *(p.got for p in parts)]),
            np.concatenate([np.zeros(0), *(p.reference for p in parts)]),
        )


@dataclass
class Scan:
    """What the reference says of a chunk: counts, and the points to be judged."""

    histogram: np.ndarray = field(default_factory=lambda: np.zeros(len(BINS), np.int64))
    misrounded: int = 0
    near_ties: int = 0
    nan: int = 0
    infinity: int = 0
    interpolated: int = 0
    """Values that the reference was interpolated at."""
    flagged: list[tuple[Points, np.ndarray]] = field(default_factory=list)
    """Points off by about half an ULP or more, not yet sorted, and their errors."""
    asked: list[Points] = field(default_factory=list)
    """Points that were asked for: special values, the random sample."""
    highest: list[Points] = field(default_factory=list)
    """The worst points of each block, in ULP and in units."""
    wrong: list[Points] = field(default_factory=list)
    """Points that are not the rounding of the reference."""
    ties: list[Points] = field(default_factory=list)
    """Points where the reference is so near a tie that it cannot say which rounding is right."""


class Scanner:
    """Scans blocks of one dtype with one party and one reference; its buffers are used again for each block."""

    def __init__(self, dtype: str, party: Party, reference: Party, slack: float, root: float = 0.0):
        self.ruler, self.party, self.reference, self.slack, self.root = Ruler(dtype), party, reference, slack, root
        self.size = self.ruler.block
        self.ramp = np.arange(self.size, dtype=self.ruler.bits)
        self.bits = np.empty_like(self.ramp)
        self.inputs, self.got, self.error, self.scale, self.per_ulp, self.filled = (np.empty(self.size) for _ in range(6))
        self.mask = np.empty(self.size, bool)
        self.spread: float | None = None
        claimed = slack * 2.0 ** (53 - self.ruler.format.precision)
        self.neighbours = Neighbours(self.ruler, reference, claimed) if self.size == BLOCK and claimed >= LOOSE else None

    @np.errstate(all="ignore")
    def scan(self, start: int, count: int, asked: np.ndarray) -> Scan:
        """The patterns start, start + 1, …: whole blocks, each within one binade.  `asked` is sorted."""
        out = Scan()
        values = self.neighbours.ask(start, count) if self.neighbours else None
        bounds = np.searchsorted(asked, np.arange(start, start + count + 1, self.size))
        for i, first in enumerate(range(start, start + count, self.size)):
            self._block(out, first, asked[bounds[i] : bounds[i + 1]], values, i)
        self._sort(out)
        return out

    def _block(self, out: Scan, first: int, asked: np.ndarray, values: Values | None, number: int) -> None:
        np.add(self.ramp, self.bits.dtype.type(first), out=self.bits)
        x = self.bits.view(DTYPES[self.ruler.dtype])
        reference = self._reference(out, x, values, number)
        np.copyto(self.got, self.party(x))
        if len(asked):
            out.asked.append(self._points(asked - first, first, reference))
        if self._saturated(out, first, reference):
            return
        if not self._measure(out, first, reference):
            out.histogram[0] += self.size
            return
        self._keep(out, first, reference)

    def _reference(self, out: Scan, x: np.ndarray, values: Values | None, number: int) -> np.ndarray:
        if self.neighbours is not None and values is not None and self.neighbours.fill(values, number, self.filled):
            out.interpolated += self.size
            return self.filled
        np.copyto(self.inputs, x)
        return self.reference(self.inputs)

    def _saturated(self, out: Scan, first: int, reference) -> bool:
        """Count a block in which the party returns one number and the reference is that number everywhere: its ends say so."""
        one = self.got[0]
        if self.root or one != self.got[-1] or self.got.min() != one or self.got.max() != one or np.isinf(one):
            return False
        ends = np.array([np.argmin(reference), np.argmax(reference)])
        errors = np.abs(reference[ends] - one) * self.ruler.per_ulp(reference[ends])
        if not (errors <= EDGES[0]).all():
            return False
        out.histogram[0] += self.size
        out.highest.append(self._points(ends, first, reference))
        return True

    def _points(self, index, first: int, reference) -> Points:
        return Points(index + first, self.got[index], reference[index])

    def _measure(self, out: Scan, first: int, reference) -> bool:
        """Fill `error` (ULP) and `scale` (units of u, or the reference's size where `spread` is a number); False where all of
        the block is the same nan or overflow."""
        self.spread = None
        np.subtract(self.got, reference, out=self.error)
        np.abs(self.error, out=self.error)
        np.abs(reference, out=self.scale)
        low, high = self.scale.min(), self.scale.max()
        if low < self.root:
            out.asked.append(self._points(np.flatnonzero(self.scale < self.root), first, reference))
        plain = high < self.ruler.format.max  # a nan is not
        if not (plain and np.isfinite(self.error.max())):
            return self._measure_special(reference)
        ends = self.ruler.per_ulp(np.array([low, high]))
        if ends[0] == ends[1] and low >= self.ruler.format.tiny:
            self.spread = low / high
            self.error *= ends[0]
            return True
        np.maximum(self.scale, self.ruler.format.tiny, out=self.scale)
        np.divide(self.error, self.scale, out=self.scale)
        self.error *= self.ruler.per_ulp(reference, out=self.per_ulp)
        return True

    def _most_units(self, top: int) -> int:
        """Where the error is largest in units; within a binade only those can be it that nearly are the largest in ULP."""
        if self.spread is None:
            return int(np.argmax(self.scale))
        index = np.flatnonzero(np.greater_equal(self.error, self.error[top] * self.spread, out=self.mask))
        return int(index[np.argmax(self.error[index] / self.scale[index])])

    def _measure_special(self, reference) -> bool:
        """The same where there are infinities, nan, or numbers about to overflow: a wrong one has error inf and scale 0."""
        if self._overflow(reference) or (np.isnan(self.got).all() and np.isnan(reference).all()):
            return False
        value = self.ruler.rounded(reference)
        if np.all((np.isnan(self.got) & np.isnan(reference)) | (np.isinf(value) & (self.got == value))):
            return False
        self.error[:] = self.ruler.errors(self.got, reference, 0.0, value, reference)
        self.scale[:] = relative(self.got, reference, self.ruler.format)
        self.scale[~np.isfinite(self.error) | (self.error == 0.0)] = 0.0
        return True

    def _overflow(self, reference) -> bool:
        """Whether the party returns the same infinity everywhere, and the reference rounds to it everywhere."""
        one, over = self.got[0], 2.0 ** (self.ruler.format.max_exponent + 1)
        if not (np.isinf(one) and self.got.min() == one == self.got.max()):
            return False
        return bool(reference.min() >= over if one > 0 else reference.max() <= -over)

    def _keep(self, out: Scan, first: int, reference) -> None:
        zeros = np.count_nonzero(np.less_equal(self.error, EDGES[0], out=self.mask))
        top, flagged = int(np.argmax(self.error)), 0
        if not self.error[top] < 0.5 - self.slack:
            index = np.flatnonzero(np.greater_equal(self.error, 0.5 - self.slack, out=self.mask))
            error, flagged = self.error[index], len(index)
            top = int(index[np.argmax(np.where(np.isinf(error), 0.0, error))])  # the largest that is a number
            out.flagged.append((self._points(index, first, reference), error))
            if flagged > KEPT:
                self._sort(out)
        out.histogram[0] += zeros
        out.histogram[1] += self.size - zeros - flagged
        out.highest.append(self._points(np.array([top, self._most_units(top)]), first, reference))

    def _sort(self, out: Scan) -> None:
        """Sort what is off by about half an ULP or more: after a block that is full of it, else at the end of the chunk."""
        if not out.flagged:
            return
        points, error = Points.join([p for p, _ in out.flagged]), np.concatenate([e for _, e in out.flagged])
        most = KEPT * len(out.flagged)
        out.flagged.clear()
        got, exact = points.got, points.reference
        value = self.ruler.rounded(exact)
        nan, infinity = self.ruler.faults(got, exact, value)
        wrong = (got != value) & ~(np.isnan(got) & np.isnan(value))
        ties = (np.abs(error - 0.5) <= self.slack) & ~wrong & (self.slack > 0)
        out.histogram += np.bincount(bins_of(error), minlength=len(BINS))
        out.misrounded += int(wrong.sum())
        out.near_ties += int(ties.sum())
        out.nan += int(nan.sum())
        out.infinity += int(infinity.sum())
        for kept, mask, order in ((out.wrong, wrong, -error), (out.ties, ties, np.abs(error - 0.5))):
            if mask.any():
                kept.append(points.take(np.flatnonzero(mask)[np.argsort(order[mask], kind="stable")[:most]]))


@np.errstate(all="ignore")
def relative(got: np.ndarray, exact: np.ndarray, fmt: Format) -> np.ndarray:
    """The relative error, with the smallest normal number as the least denominator: units times u."""
    over = 2.0 ** (fmt.max_exponent + 1)
    bounded = np.clip(exact, -over, over)
    return np.abs(np.clip(got, -over, over) - bounded) / np.maximum(np.abs(bounded), fmt.tiny)
