"""Where a failure is looked into: experiments on the candidate and on the truth, and whether a prediction came true.

Every look at the candidate and every truth of altered inputs is paid for; when the purse is empty, experiments say None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from parity import oracle
from parity.cases import Case, Stored, with_stored
from parity.evaluate import Evaluation
from parity.hostile import FORMATS, Format
from parity.judging import Seen
from parity.loader import catalogue, definition
from parity.oracle import OracleError, Truth
from parity.pair import Pair
from parity.results import Grade
from parity.verdict import Check

PURSE = 40
"""Evaluations for one failure."""

SHARP = {"float64": 1e-11, "float32": 2e-5, "float16": 8e-3, "bfloat16": 3e-2}
"""Relative differences that are rounding and no other mistake: what a prediction may be off."""

WIDEST = ("float64", "float32", "float16", "bfloat16")
LARGE = 3000
"""Inputs of more elements than this are not evaluated again and again."""

Observe = Callable[[Case, str, str], Seen | None]
Predicted = Sequence[Truth | np.ndarray | None] | None
Predict = Callable[[Seen], Predicted]


@dataclass
class Scene:
    """A failure, and what it may cost to find out why."""

    check: Check
    seen: Seen
    grades: Sequence[Grade]
    failed: Sequence[tuple[Check, Seen]]
    observe: Observe
    left: int = PURSE
    kept: dict[Any, Any] = field(default_factory=dict)

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
    def fmt(self) -> Format:
        """The numbers of the dtype that failed."""
        return FORMATS[self.check.dtype]

    # -- experiments on the candidate ---------------------------------------------------------------------------------------
    def look(self, case: Case, dtype: str = "") -> Seen | None:
        """What the candidate makes of a case; None where nothing can be said or the purse is empty."""
        if self.left <= 0:
            return None
        self.left -= 1
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
            self.kept[key] = self.look(self.plain_case(salt), dtype)
        return self.kept[key]

    def altered(self, arrays: Mapping[str, np.ndarray], cotangents=None, case: Case | None = None) -> Seen | None:
        """The candidate at the failing input (or at `case`) with some arrays, or the cotangents, replaced."""
        e = self.seen.evaluation
        base = case or self.case
        stored = dict(base.stored.arrays) if base.stored is not None else {}
        if case is None:
            stored |= floats(e)
        ours = e.cotangents if case is None else ()
        made = Stored({**stored, **arrays}, tuple(ours if cotangents is None else cotangents))
        return self.look(replace(with_stored(base, made, "cause"), layout=""))

    # -- experiments on the truth -------------------------------------------------------------------------------------------
    def truth(self, e: Evaluation, *, arrays=None, options=None, cotangents=None, op: str = "") -> Predicted:
        """The truth of an evaluation as if arrays, options, cotangents or the op were others; None where there is none."""
        if self.left <= 0 or sum(np.size(a) for a in e.built.arrays if a is not None) > LARGE:
            return None
        self.left -= 1
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

    # -- predictions --------------------------------------------------------------------------------------------------------
    @cached_property
    def places(self) -> list[Seen]:
        """Where predictions are tested: ordinary inputs if the failure shows there, else the failing input; then a second."""
        failing = {c.dtype for c, _ in self.failed if c.direction == self.check.direction}
        for dtype in [d for d in WIDEST if d in failing or d == self.check.dtype]:
            first = self.fresh("cause", dtype)
            if first is not None and first.judged.grade == "fail" and self.like(first) and departs(first):
                again = self.fresh("confirm", dtype)
                return [first] + ([again] if again is not None else [])
            if first is None or first.judged.grade == "fail":
                continue
            break
        return self._hostile_places()

    def _hostile_places(self) -> list[Seen]:
        if not departs(self.seen):
            return []
        if self.case.stored is not None:
            others = [self.fresh("cause")]
        else:
            others = [self.look(replace(self.case, layout="", salt="cause")), self.fresh("cause")]
        return [self.seen, *(s for s in others if s is not None)]

    def like(self, other: Seen) -> bool:
        """Whether another failure looks like this one."""
        return other.judged.outcome.stage == self.seen.judged.outcome.stage

    def explains(self, predict: Predict) -> bool:
        """Whether the candidate returns, at every place, what a mistake would make of the input."""
        return bool(self.places) and all(self._comes_true(predict, s, i == 0) for i, s in enumerate(self.places))

    def _comes_true(self, predict: Predict, seen: Seen, first: bool) -> bool:
        try:
            with np.errstate(all="ignore"):
                wanted = predict(seen)
        except Exception:  # the mistake cannot be made at this input
            wanted = None
        if wanted is None:
            return not first and seen is not self.places[-1]
        return agrees(seen.party.outputs, wanted, seen.evaluation.dtype) and (not first or tells(seen, wanted))


def first_of(tries: Iterable[tuple[str, Predict]], scene: Scene) -> str:
    """The sentence of the first mistake that explains the outputs."""
    if not scene.places:
        return ""
    return next((sentence for sentence, predict in tries if scene.explains(predict)), "")


# -- comparing ---------------------------------------------------------------------------------------------------------------
def values(x) -> np.ndarray | None:
    """A truth or an array as float64; None where there is none."""
    x = (x.hi if x.hi is not None else x.value) if isinstance(x, Truth) else x
    return None if x is None else np.asarray(x).astype(np.float64)


def truths(seen: Seen) -> list[np.ndarray | None]:
    """The truth of every output as float64."""
    return [values(t) for t in seen.evaluation.truths]


def outputs(seen: Seen) -> list[np.ndarray | None]:
    """What the candidate returned, as float64."""
    return [values(o) for o in seen.party.outputs]


def floats(e: Evaluation) -> dict[str, np.ndarray]:
    """The arrays of a case by name, but for noise."""
    pairs = zip(e.built.kinds, e.built.arrays, strict=False)
    return {k.name: a for k, a in pairs if a is not None and k.role != "rng"}


@np.errstate(all="ignore")
def close(got, wanted, dtype: str) -> np.ndarray:
    """Element by element, whether what was returned is what was predicted, but for rounding."""
    want, g = values(wanted), np.asarray(got).astype(np.float64)
    scale = np.abs(want)
    if isinstance(wanted, Truth) and wanted.scale is not None:
        scale = np.maximum(scale, np.where(np.isfinite(wanted.scale), wanted.scale, 0.0))
    near = np.abs(g - want) <= SHARP[dtype] * scale + 2 * FORMATS[dtype].smallest
    return near | (g == want) | (np.isnan(g) & np.isnan(want))


def agrees(got: Sequence[Any], wanted: Predicted, dtype: str) -> bool:
    """Whether every output is what was predicted, but for rounding."""
    if wanted is None or len(got) != len(wanted):
        return False
    for g, w in zip(got, wanted, strict=False):
        if (g is None) != (w is None):
            return False
        if g is not None and (np.shape(g) != np.shape(values(w)) or not close(g, w, dtype).all()):
            return False
    return True


def tells(seen: Seen, wanted: Predicted) -> bool:
    """Whether the prediction says, at some finite result, something else than the truth."""
    for t, w in zip(seen.evaluation.truths, wanted or (), strict=False):
        if t is None or w is None:
            if (t is None) != (w is None):
                return True
            continue
        want = values(w)
        if want.shape != t.value.shape:
            return True
        if (np.isfinite(want) & ~close(want, t, seen.evaluation.dtype)).any():
            return True
    return False


def departs(seen: Seen) -> bool:
    """Whether an answer is wrong by more than rounding could explain."""
    return not seen.party.error and not agrees(seen.party.outputs, seen.evaluation.truths, seen.evaluation.dtype)


def shown(x: float) -> str:
    """A number, as short as it can be said."""
    return f"{x:.6g}"
