"""One failure under diagnosis: experiments on the candidate and on the truth, and the inputs that predictions are tested at.

Each probe of the candidate and each truth of altered inputs costs one evaluation; when the allowance is spent, they return
None.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from parity import oracle
from parity.cases import Case, Stored, with_stored
from parity.causes.comparing import Predicted, failed, floats, is_wrong, real_arrays, same_numbers
from parity.formats import FORMATS, Format
from parity.loader import catalogue, definition, is_elementwise
from parity.minimise.options import exchanged
from parity.oracle import OracleError

if TYPE_CHECKING:
    from parity.candidate.grade import Seen
    from parity.evaluate import Evaluation
    from parity.pair import Pair
    from parity.results import Grade
    from parity.verdict import Check

PROBES = 200
"""Evaluations of the candidate for one failure."""
TRUTHS = 240
"""Evaluations of the definition for one failure."""
SECONDS = 8.0
"""The time that the experiments on one failure may take; those on long rows are slow."""
LARGE = 3000
"""Inputs of more elements than this are not evaluated again and again."""

Observe = Callable[[Case, str, str], "Seen | None"]
Predict = Callable[["Seen"], Predicted]


@dataclass
class Diagnosis:
    """A failure, and what it may cost to find out why."""

    check: Check
    seen: Seen
    grades: Sequence[Grade]
    failed: Sequence[tuple[Check, Seen]]
    observe: Observe
    example: Seen | None = None
    """The failure as it is shown, if that is another input than `seen`."""
    probes_left: int = PROBES
    truths_left: int = TRUTHS
    started: float = field(default_factory=time.monotonic)
    kept: dict[Any, Any] = field(default_factory=dict)

    @property
    def late(self) -> bool:
        """Whether the time for experiments is over."""
        return time.monotonic() - self.started > SECONDS

    @property
    def pair(self) -> Pair:
        """The op."""
        return catalogue()[self.check.op]

    @property
    def case(self) -> Case:
        """The case that failed."""
        return self.seen.evaluation.case

    @property
    def backward(self) -> bool:
        """Whether it is a gradient that is wrong."""
        return self.check.direction == "backward"

    @property
    def elementwise(self) -> bool:
        """Whether each element of the result depends on one element of the only array."""
        return is_elementwise(self.check.op)

    @property
    def fmt(self) -> Format:
        """The numbers of the dtype that failed."""
        return FORMATS[self.check.dtype]

    # -- experiments on the candidate ---------------------------------------------------------------------------------------
    def probe(self, case: Case, dtype: str = "") -> Seen | None:
        """What the candidate makes of a case; None where nothing can be said or the allowance is spent."""
        if self.probes_left <= 0 or self.late:
            return None
        self.probes_left -= 1
        return self.observe(case, dtype or self.check.dtype, self.check.direction)

    def plain_case(self, salt: str) -> Case:
        """Ordinary numbers in the shapes and with the options of the failing case."""
        built = self.seen.evaluation.built
        shapes = {k.name: a.shape for k, a in zip(built.kinds, built.arrays, strict=False) if isinstance(a, np.ndarray)}
        return Case("cause", options=self.case.options, shapes=shapes, absent=self.case.absent, salt=salt)

    def fresh(self, salt: str, dtype: str = "") -> Seen | None:
        """The candidate at ordinary numbers that no case of the suite holds."""
        key = ("fresh", salt, dtype)
        if key not in self.kept:
            self.kept[key] = self.probe(self.plain_case(salt), dtype)
        return self.kept[key]

    def altered(self, arrays: Mapping[str, np.ndarray], cotangents=None, case: Case | None = None, at: Seen | None = None):
        """The candidate at a failing input (`at`, or `seen`; or at `case`) with some arrays, or the cotangents, replaced."""
        e = (at or self.seen).evaluation
        base = case or e.case
        stored = dict(base.stored.arrays) if base.stored is not None else {}
        if case is None:
            stored |= floats(e)
        held = e.cotangents if case is None else ()
        made = Stored({**stored, **arrays}, tuple(held if cotangents is None else cotangents))
        return self.probe(replace(with_stored(base, made, "cause"), layout=""), e.dtype)

    def repeated(self, layout: str | None = None) -> Seen | None:
        """The candidate at the numbers of the failing input once more (in another layout, if one is given)."""
        e = self.seen.evaluation
        same = with_stored(self.case, Stored(floats(e), e.cotangents), self.case.name)
        again = self.probe(replace(same, layout=self.case.layout if layout is None else layout))
        return again if again is not None and same_numbers(again.evaluation, e) else None

    # -- experiments on the truth -------------------------------------------------------------------------------------------
    def truth(self, e: Evaluation, *, arrays=None, options=None, cotangents=None, op: str = "") -> Predicted:
        """The truth of an evaluation as if arrays, options, cotangents or the op were others; None where there is none."""
        if self.truths_left <= 0 or self.late or sum(np.size(a) for a in e.built.arrays if a is not None) > LARGE:
            return None
        self.truths_left -= 1
        arrays = list(e.built.arrays) if arrays is None else arrays
        options = dict(e.built.options) if options is None else options
        define = definition(op or self.check.op)
        try:
            if e.direction == "forward":
                return oracle.forward(define, arrays, options, e.dtype)
            wanted = [k.differentiable and a is not None for k, a in zip(e.built.kinds, arrays, strict=False)]
            return oracle.backward(define, cotangents or e.cotangents, arrays, options, wanted, e.dtype)
        except OracleError:
            return None
        except Exception:  # the definition has no answer to such an input: then the candidate does not behave like it
            return None

    # -- where predictions are tested ---------------------------------------------------------------------------------------
    @cached_property
    def ordinary(self) -> tuple[Seen, ...]:
        """Two ordinary inputs of different numbers, if the answer is wrong at both; else none."""
        failing = {c.dtype for c, _ in self.failed if c.direction == self.check.direction} | {self.check.dtype}
        for dtype in [d for d in FORMATS if d in failing]:
            first = self.fresh("cause", dtype)
            if first is None or not failed(first):
                continue
            if first.judged.outcome.stage != self.seen.judged.outcome.stage or not is_wrong(first):
                continue
            again = self.fresh("confirm", dtype)
            return (first, again) if again is not None and is_wrong(again) else ()
        return ()

    @cached_property
    def second(self) -> Seen | None:
        """Another input of other numbers that fails in the same way: the hazard drawn anew, or its numbers moved a little."""
        if self.ordinary and self.case.name == "ordinary":
            return next((s for s in self.ordinary if s.evaluation.dtype == self.check.dtype), self._moved())
        if self.case.stored is None:
            drawn = self.probe(replace(self.case, layout="", salt="again", origin=self.case.origin or self.case.name))
            if self._is_second(drawn):
                return drawn
        return self._moved()

    def _moved(self) -> Seen | None:
        for salt in (5, 6):
            rng = np.random.default_rng(salt)
            moved = self.altered(
                {n: _nudged(a, rng) for n, a in real_arrays(self.seen.evaluation).items()},
                tuple(None if c is None else _nudged(c, rng) for c in self.seen.evaluation.cotangents),
            )
            if self._is_second(moved):
                return moved
        shifted = self.altered({n: _shifted(a) for n, a in real_arrays(self.seen.evaluation).items()})
        if self._is_second(shifted):
            return shifted
        for part in (2, 3):
            mixed = self.altered({n: _mixed(a, part) for n, a in real_arrays(self.seen.evaluation).items()})
            if self._is_second(mixed):
                return mixed
        alike = [s for c, s in self.failed if (c.direction, c.dtype) == (self.check.direction, self.check.dtype)]
        return next((s for s in alike if s is not self.seen and self._is_second(s)), None)

    def _is_second(self, other: Seen | None) -> bool:
        return (
            other is not None
            and failed(other)
            and other.judged.outcome.stage == self.seen.judged.outcome.stage
            and not same_numbers(other.evaluation, self.seen.evaluation)
        )

    @cached_property
    def elsewhere(self) -> tuple[Seen, ...]:
        """Further failures of the same direction, to tell apart mistakes that agree so far."""
        mine = [s for c, s in self.failed if c.direction == self.check.direction and not s.party.error and s is not self.seen]
        return tuple(s for s in mine if is_wrong(s))[:12]

    @cached_property
    def reshaped(self) -> tuple[Seen, ...]:
        """Ordinary inputs with longer axes: all of them doubled if the op takes that, else one length at a time."""
        case = self.plain_case("longer")
        lengths = sorted({n for s in case.shapes.values() for n in s if n > 1})
        every = self._longer(case, lengths)
        return (every,) if every is not None else tuple(s for n in lengths if (s := self._longer(case, [n])) is not None)

    def _longer(self, case: Case, lengths: Sequence[int]) -> Seen | None:
        shapes = {n: tuple(2 * k if k in lengths else k for k in s) for n, s in case.shapes.items()}
        options = dict(case.options)
        for n in lengths:
            options = {k: exchanged(v, n, 2 * n) if isinstance(v, tuple) else v for k, v in options.items()}
        if sum(int(np.prod(s)) for s in shapes.values()) > LARGE:
            return None
        dtype = self.ordinary[0].evaluation.dtype if self.ordinary else ""
        seen = self.probe(replace(case, shapes=shapes, options=options), dtype)
        return None if seen is None or seen.party.error else seen

    @cached_property
    def square(self) -> tuple[Seen, ...]:
        """Two ordinary inputs whose axes all have one length, where a wrong axis changes no shape."""
        found = []
        for salt in ("square", "square again"):
            case = self.plain_case(salt)
            longest = max((n for s in case.shapes.values() for n in s), default=0)
            shapes = {n: (longest,) * len(s) for n, s in case.shapes.items()}
            if longest > 1 and sum(int(np.prod(s)) for s in shapes.values()) <= LARGE:
                found.append(self.probe(replace(case, shapes=shapes)))
        return tuple(s for s in found if s is not None and is_wrong(s))


@np.errstate(all="ignore")
def _shifted(a: np.ndarray) -> np.ndarray:
    """All numbers moved by one amount: equal ones stay equal."""
    return np.asarray(a + 0.75).astype(a.dtype)


def _mixed(a: np.ndarray, part: int) -> np.ndarray:
    """The same numbers with ordinary ones at some places."""
    out = np.array(a)
    flat = out.reshape(-1)
    if flat.size > part:
        flat[part - 1 :: part] = np.resize([0.625, -1.375, 2.5, 0.3125, -0.75], flat[part - 1 :: part].shape).astype(a.dtype)
    return out


@np.errstate(all="ignore")
def _nudged(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same kind of numbers: equal ones stay equal, zeros, infinities and nan stay what they are."""
    kinds, places = np.unique(np.asarray(a, np.float64), return_inverse=True)
    factors = 1 + rng.uniform(-0.06, 0.06, kinds.shape)
    ordinary = np.isfinite(kinds) & (kinds != 0)
    moved = np.where(ordinary, kinds * factors, kinds)
    moved = np.where(np.isfinite(moved.astype(a.dtype).astype(np.float64)), moved, kinds)
    return moved[places].reshape(np.shape(a)).astype(a.dtype)
