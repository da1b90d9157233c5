"""What a script expects of each result: the truth, the error that the judge allows, and other answers that it accepts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from parity.candidate.grade import Judge, Seen
from parity.check.regions import limits
from parity.evaluate import Evaluation, Party, library, structured
from parity.formats import FORMATS
from parity.loader import referee
from parity.oracle import Truth
from parity.placing import optional
from parity.report.literals import literal
from parity.truth import variants
from parity.truth.dependence import Dependence

NPIMPL, PARITY, STABLE = "npimpl's budget", "parity's (npimpl's budget and the worst reference's)", "a stable algorithm's"
SHARES = "that of an answer as wrong as a reference"
STEP, STEPS = 1.25, 24
"""By how much more is tried, step by step."""


@dataclass
class Allowance:
    """The errors that the judge allows of one output, whoever answers."""

    seen: Seen
    position: int
    truth: Truth
    departing: Sequence[tuple[Party, Sequence[np.ndarray | None]]] = ()
    """Answers that may depart from the truth, each with the elements that the judge accepts."""

    @cached_property
    def parts(self) -> dict[str, np.ndarray]:
        """The absolute errors that are allowed of each element, by who allows them."""
        if self.truth.hi is None:
            return {NPIMPL: np.zeros(self.truth.value.shape)}
        e, row = self.seen.evaluation, self.seen.judged.row
        judge = Judge(e.pair, row)
        own = float(row.budget("ours", e.direction, e.dtype) or 0.0)
        limit, floor = limits(row.regions("ours", e.direction, e.dtype), e, self.truth, own)
        parity = np.maximum(limit, judge.parity_budget(e.direction, e.dtype))
        found = {NPIMPL: self._absolute(limit, floor), PARITY: self._absolute(parity, floor)}
        stable = None if judge.is_exact(e.direction) else self._stable(judge)
        found |= {} if stable is None else {STABLE: stable}
        shared = self._shared(judge, np.maximum.reduce([*found.values()]))
        return found if shared is None else {**found, SHARES: shared}

    @cached_property
    def largest(self) -> np.ndarray:
        """What is allowed of each element, whoever allows it."""
        return np.maximum.reduce([*self.parts.values()])

    @property
    def others(self) -> list[np.ndarray]:
        """What is accepted beside the truth: arrays that are somewhere farther from it than is allowed, in float64."""
        value, found = self.truth.value.astype(np.float64), []
        for party, masks in self.departing:
            where = masks[self.position]
            if where is None:
                continue
            wide = np.asarray(party.outputs[self.position]).astype(np.float64)
            with np.errstate(all="ignore"):
                near = (np.abs(wide - value) <= self.largest) | (np.isnan(wide) & np.isnan(value)) | (wide == value)
            other = np.where(where & ~near, wide, value if self.truth.hi is None else self.truth.hi)
            if (where & ~near).any() and not any(np.array_equal(other, x, equal_nan=True) for x in found):
                found.append(other)
        return found

    def sentence(self, index: tuple[int, ...]) -> str:
        """The error that is allowed of one element as a number, and by whom."""
        most = max(self.parts, key=lambda k: float(self.parts[k][index]))
        others = ", ".join(f"{k} {float(v[index]):.4g}" for k, v in self.parts.items() if k != most)
        return f"{float(self.largest[index]):.6g} is {most}" + (f" ({others})" if others else "")

    @np.errstate(all="ignore")
    def _absolute(self, units: Any, floor: Any) -> np.ndarray:
        """So many units, of max(u scale, half the smallest number) each."""
        fmt, hi = FORMATS[self.seen.evaluation.dtype], np.asarray(self.truth.hi)
        scale = np.abs(hi) if self.truth.scale is None else self.truth.scale
        found = np.asarray(units) * np.maximum(fmt.u * scale, fmt.smallest / 2) + np.asarray(units) * floor
        return _finite(found, hi.shape)

    def _stable(self, judge: Judge) -> np.ndarray | None:
        e, shape = self.seen.evaluation, self.truth.value.shape
        found = judge.allowance(e, self.position, self.truth, Dependence(e, e.pair), np.ones(shape, bool))
        return None if found is None else _finite(found, shape)

    def _shared(self, judge: Judge, less: np.ndarray) -> np.ndarray | None:
        """More than that, for elements where the judge accepts answers that are so far off on both sides."""
        most, step = less, less
        for _ in range(STEPS):
            step = STEP * step
            both = self._is_accepted(judge, step) & self._is_accepted(judge, -step) & (step > 0) & (most * STEP >= step)
            if not both.any():
                break
            most = np.where(both, step, most)
        return None if most is less else most

    def _is_accepted(self, judge: Judge, off: np.ndarray) -> np.ndarray:
        """The elements that the judge accepts in an answer that is so far off in this output, and right in the others."""
        outputs: list[Any] = [None if t is None else t.value for t in self.seen.evaluation.truths]
        with np.errstate(all="ignore"):
            outputs[self.position] = (np.asarray(self.truth.hi) + off).astype(self.truth.value.dtype)
        found = judge.accepted(self.seen.evaluation, Party(tuple(outputs)))[self.position]
        return np.zeros(self.truth.value.shape, bool) if found is None else found


def _finite(a: Any, shape: tuple[int, ...]) -> np.ndarray:
    found = np.where(np.isnan(a), 0.0, np.minimum(a, np.finfo(np.float64).max))
    return np.broadcast_to(found, shape).astype(np.float64)


def allowances(seen: Seen) -> list[Allowance | None]:
    """One for each output, None where none is expected."""
    e, judge = seen.evaluation, Judge(seen.evaluation.pair, seen.judged.row)
    parties = [structured(e, party) for party in _departing(e, judge) if not party.error]
    judged = [(p, judge.accepted(e, p)) for p in parties if not p.error]
    return [None if t is None else Allowance(seen, i, t, judged) for i, t in enumerate(e.truths)]


def _departing(e: Evaluation, judge: Judge) -> Iterator[Party]:
    """What npimpl and the references return; the truth with subnormal numbers as 0; the slopes on both sides of a kink."""
    for name in ("ours", *judge.references(e.direction, e.dtype)):
        yield e.party(name, library(e.pair))
    tiny = max(
        FORMATS[e.dtype].tiny, FORMATS["float32"].tiny if FORMATS[e.dtype].precision < FORMATS["float32"].precision else 0.0
    )
    with np.errstate(all="ignore"):
        yield Party(tuple(None if t is None else np.where(np.abs(t.value) < tiny, t.value * 0, t.value) for t in e.truths))
    ends = variants.beside_kinks(e) if e.direction == "backward" else None
    for side in (0, 1) if ends is not None else ():
        slopes = iter(end[side] for end in ends or ())
        with np.errstate(all="ignore"):
            given = tuple(None if t is None else next(slopes).astype(t.value.dtype) for t in e.truths)
        yield Party(given)


# -- as text -----------------------------------------------------------------------------------------------------------------
def expected_lines(seen: Seen) -> str:
    """The lines of a script that state, for each result, what is expected."""
    how = referee(seen.evaluation.pair.op) or "proven in ball arithmetic"
    found = allowances(seen)
    lines = [f"# The truth ({how}), the absolute error that is allowed of each element, and what else is accepted."]
    position, *index = seen.judged.outcome.index or (0,)
    at = found[position] if position < len(found) else None
    if at is not None and len(index) == at.truth.value.ndim and at.truth.value.size:
        lines += textwrap.wrap(
            f"The error allowed of element {index}: {at.sentence(tuple(index))}.",
            120,
            initial_indent="# ",
            subsequent_indent="# ",
        )
    entries = (textwrap.indent(_entry(a), "    ") for a in found)
    return "\n".join([*lines, "expected = [", *entries, "]"])


def _entry(a: Allowance | None) -> str:
    if a is None:
        return "dict(truth=None),"
    t, e = a.truth, a.seen.evaluation
    dtype = "ml_dtypes.bfloat16" if str(t.value.dtype) == "bfloat16" else f'"{t.value.dtype}"'
    truth = literal(t.value) if t.hi is None else literal(_signed(t), "float64")
    rows = [f"truth={truth},", f"tolerance={literal(a.largest)},", f"dtype={dtype},"]
    if t.lo is not None and e.dtype == "float64" and t.lo.any():
        rows.insert(1, f"rest={literal(t.lo)},  # what a float64 cannot hold of the truth")
    if a.others:
        rows.append(f"others=[{', '.join(map(literal, a.others))}],")
    if e.direction == "backward" and e.built.kinds[a.position].name in optional(e.pair):
        rows.append("optional=True,  # its gradient may be None")
    return "dict(\n" + textwrap.indent("\n".join(rows), "    ") + "\n),"


def _signed(t: Truth) -> np.ndarray:
    """The truth in float64, its zeros with the sign that is stated."""
    assert t.hi is not None
    if t.zero_sign is None:
        return t.hi
    return np.where((t.hi == 0) & (t.zero_sign != 0), np.copysign(0.0, t.zero_sign), t.hi)
