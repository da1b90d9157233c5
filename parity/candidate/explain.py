"""The experiments that tell a limit from a bug: each settles the elements that it explains, and says so in a limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from inspect import signature
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from parity.candidate.altered import all_finite, beyond_root, changed, floats, made_finite, recast, within_root
from parity.candidate.limits import NOT_ORDINARY, shown
from parity.cases import Case
from parity.check.errors import INFINITY, SIGN, VALUES, Errors, errors, units_of
from parity.evaluate import Evaluation, Party, library, run_party, truths_of
from parity.formats import FORMATS
from parity.inputs.cotangents import LAID_OUT
from parity.inputs.layouts import CONDITION_OF
from parity.loader import implementation
from parity.oracle import Truth
from parity.results import Limit
from parity.runner import cases
from parity.truth import variants
from parity.truth.dependence import Dependence

if TYPE_CHECKING:
    from parity.candidate.grade import Answer, Ask, Judge

SHARED = 4.0
"""A candidate may be so many times as wrong as a reference that is known to be wrong."""
EXPLAINED = 4
"""The state of elements that a limit explains (the others are places in `grade.GRADES`)."""
ARITHMETIC = ("OverflowError", "FloatingPointError", "ZeroDivisionError")
"""What Python's own numbers raise where arrays have infinities."""
BESIDE = 6
"""Inputs a few roundings away at which a reference is asked as well."""


class Explainer:
    """Makes the experiments on one answer; each settles the elements that it explains, and says so in a limit."""

    def __init__(self, judge: Judge, e: Evaluation, party: Party, depends: Dependence | None, ask: Ask | None):
        self.judge, self.e, self.party, self.ask = judge, e, party, ask
        self.depends = depends if depends is not None else Dependence(e, judge.pair)
        self._references: dict[str, list[tuple[str, Party]]] = {}

    @property
    def experiments(self) -> tuple[Callable[[list[Answer]], list[Limit]], ...]:
        """In the order in which they are made."""
        return (self.other_sign, self.as_a_reference, self.by_convention, self.flushing, self.out_of_range, self.as_beside)

    def _settle(self, kind: str, text: str, a: Answer, where: np.ndarray) -> list[Limit]:
        where = a.open & where
        if not where.any():
            return []
        limit = Limit(kind, text, shown(self.e, a, where))
        a.settle(where, EXPLAINED)
        return [limit]

    def _like(self, a: Answer, other: Truth | None, position: int) -> np.ndarray:
        """The elements that are as another truth has them, to within the tolerances of the check."""
        if other is None or other.value.shape != a.truth.value.shape:
            return np.zeros(a.truth.value.shape, bool)
        found = errors(a.got, other, self.e.dtype, same_dtype=False)
        if other.hi is None:
            return found.units == 0
        near = found.units <= self.judge.parity_budget(self.e.direction, self.e.dtype)
        if not self.judge.is_exact(self.e.direction):
            size = self.judge.allowance(self.e, position, a.truth, self.depends, a.open)
            if size is not None:
                near |= (found.stage == VALUES) & (units_of(a.got, other, self.e.dtype, unit=size) <= 1.0)
        return near

    # -- zero ------------------------------------------------------------------------------------------------------------------
    def other_sign(self, answers: list[Answer]) -> list[Limit]:
        """The sign of a zero, and what follows from it alone."""
        found: list[Limit] = []
        for a in answers:
            found += self._settle("signed zero", "the sign of a zero is the other one", a, a.errors.stage == SIGN)
        rest = [a for a in answers if a.open.any()]
        if not rest or not variants.has_zero(self.e):
            return found
        for truths in variants.zeros_signed(self.e):
            for a in rest if truths is not None else ():
                text = "takes zeros of the other sign, and what follows from it"
                found += self._settle("signed zero", text, a, self._like(a, truths[a.position], a.position))
        return found + self._right_at_positive_zero([a for a in rest if a.open.any()])

    def _right_at_positive_zero(self, answers: list[Answer]) -> list[Limit]:
        """The candidate is right where the zeros that it was given are positive: what it does with -0 follows from the sign."""
        negative = any(bool(np.signbit(a[a == 0]).any()) for a in floats(self.e).values())
        if not answers or not negative or self.ask is None:
            return []
        positive = {n: np.where(a == 0, np.zeros_like(a), a) for n, a in floats(self.e).items()}
        again = self.ask(self.e, positive, self.e.cotangents)
        if again is None or again.judged.grade == "fail" or again.judged.limits:  # it was not the zero alone
            return []
        text, found = "follows the sign of a zero that it is given", []
        for a in answers:
            by = self.depends.reached(a.position, a.truth.value.shape, lambda x: (x == 0) & np.signbit(x))
            found += self._settle("signed zero", text, a, by)
        return found

    # -- references ------------------------------------------------------------------------------------------------------------
    def references(self, forms: str) -> list[tuple[str, Party]]:
        """What the references return: as they are asked and on contiguous copies ("same"), and in float64 ("wide")."""
        if forms not in self._references:
            e = self.e
            names = self.judge.references(e.direction, e.dtype if forms == "same" else "float64")
            found = []
            if forms == "same":
                found = [(n, e.party(n, library(e.pair))) for n in names]
                if e.case.layout:
                    found += [(n, run_party(recast(e, None), n)) for n in names]
            elif e.dtype != "float64":
                found = [(n, run_party(recast(e, "float64"), n)) for n in names]
            self._references[forms] = [(n, p) for n, p in found if not p.error]
        return self._references[forms]

    def as_a_reference(self, answers: list[Answer]) -> list[Limit]:
        """No worse than a reference that is wrong here is at parity; up to four times as wrong is an error that is shared."""
        found: list[Limit] = []
        for a in answers:
            if a.truth.hi is None:
                continue
            finite = ~self.depends.reached(a.position, a.truth.value.shape, lambda x: ~np.isfinite(x))
            found += self._as_npimpl(a)
            for name, party in self.references("same"):
                if len(party.outputs) <= a.position or not a.open.any():
                    continue
                theirs = errors(party.outputs[a.position], a.truth, self.e.dtype, same_dtype=False)
                if theirs.fault:
                    continue
                wrong = theirs.units > self._promised(name)
                wrong |= theirs.stage != VALUES
                same = wrong & (finite | (a.errors.stage == VALUES)) & self._as_wrong(a, party.outputs[a.position], theirs)
                found += self._settle("shared error", f"as wrong as {name}", a, same)
        return found

    def _as_npimpl(self, a: Answer) -> list[Limit]:
        """As wrong as npimpl itself, where the table lists that as a defect of its own."""
        e = self.e
        if self.judge.row.difference("ours", e.direction, e.dtype, e.case.name) is None:
            return []
        party = e.party("ours", library(e.pair))
        if party.error or len(party.outputs) <= a.position or party.outputs[a.position] is None:
            return []
        theirs = errors(party.outputs[a.position], a.truth, e.dtype, same_dtype=False)
        wrong = (theirs.units > (self.judge.row.budget("ours", e.direction, e.dtype) or 0.0)) | (theirs.stage != VALUES)
        same = self._as_wrong(a, party.outputs[a.position], theirs) | np.asarray(a.got == party.outputs[a.position])
        return self._settle("shared error", "as wrong as npimpl", a, wrong & same)

    def no_worse(self, a: Answer) -> np.ndarray:
        """The elements that err no more than a reference that is wrong there; only where each depends on one number."""
        where = np.zeros(a.truth.value.shape, bool)
        if a.truth.hi is None or not self.depends.alone:
            return where
        for name, party in self.references("same"):
            theirs = errors(party.outputs[a.position], a.truth, self.e.dtype, same_dtype=False)
            if not theirs.fault:
                numbers = (a.errors.stage == VALUES) & (theirs.stage == VALUES)
                where |= numbers & (theirs.units > self._promised(name)) & (a.errors.units <= theirs.units)
        return where

    def _promised(self, name: str) -> float:
        """The units beyond which a reference is wrong: npimpl's, where the table promises nothing of the reference."""
        direction, dtype = self.e.direction, self.e.dtype
        own = self.judge.row.budget("ours" if self.e.case.references == ("truth",) else name, direction, dtype)
        return np.inf if own is None else own

    def as_beside(self, answers: list[Answer]) -> list[Limit]:
        """As wrong as a reference is at inputs a few roundings away: where digits cancel, its error here is chance."""
        names = self.judge.references(self.e.direction, self.e.dtype)
        if self.depends.refereed or not names:
            return []
        numbers = [a for a in answers if a.truth.hi is not None]
        worst = {(n, a.position): np.zeros(a.truth.value.shape) for n in names for a in numbers}
        for near in self._nearby():
            for name in names:
                self._widen(worst, name, near)
        found: list[Limit] = []
        for a in numbers:
            for name in names:
                theirs = worst[name, a.position]
                wrong = theirs > self._promised(name)
                most = theirs if self.depends.alone else theirs.max(initial=0.0)
                same = wrong & (a.errors.stage == VALUES) & (a.errors.units <= SHARED * most)
                found += self._settle("shared error", f"as wrong as {name} is at inputs beside these", a, same)
        return found

    def _widen(self, worst: dict[tuple[str, int], np.ndarray], name: str, near: Evaluation) -> None:
        """Take the errors of a reference at one input into account."""
        party = run_party(near, name)
        for (who, position), units in worst.items():
            truth = near.truths[position] if len(party.outputs) > position else None
            if who != name or truth is None:
                continue
            theirs = errors(party.outputs[position], truth, self.e.dtype, same_dtype=False)
            if not theirs.fault:
                np.maximum(units, np.where(theirs.stage == VALUES, theirs.units, 0.0), out=units)

    def _nearby(self) -> Iterator[Evaluation]:
        """The evaluation at numbers a few roundings away, with its truth."""
        rng = np.random.Generator(np.random.PCG64(5))
        fmt = FORMATS[self.e.dtype]
        for _ in range(BESIDE):

            def moved(a: np.ndarray) -> np.ndarray:
                wide = a.astype(np.float64)
                with np.errstate(all="ignore"):
                    return (wide * (1 + 8 * fmt.u * rng.uniform(-1, 1, a.shape))).astype(a.dtype)

            e = self._exact_kept(changed(self.e, moved))
            with suppress(Exception):  # the definition has no answer beside this input
                yield replace(e, truths=truths_of(e, list(e.built.arrays), e.cotangents))

    def _exact_kept(self, e: Evaluation) -> Evaluation:
        """The evaluation with the arrays whose numbers are exact by meaning (labels written as floats) as they were."""
        kept = zip(self.e.built.kinds, self.e.built.arrays, e.built.arrays, strict=True)
        return replace(e, built=replace(e.built, arrays=tuple(old if k.exact else new for k, old, new in kept)))

    def _as_wrong(self, a: Answer, other: Any, theirs: Errors) -> np.ndarray:
        """Where the errors are of one kind: the same nan, infinity or sign, or a number at most four times as far off.

        Sums are rounded at random: there the reference's worst element of this output counts.
        """
        g, t = np.asarray(a.got).astype(np.float64), np.asarray(other).astype(np.float64)
        same = (np.isnan(g) & np.isnan(t)) | (np.isinf(g) & (g == t))
        worst = theirs.units if self.depends.alone else np.where(theirs.stage == VALUES, theirs.units, 0.0).max(initial=0.0)
        lost = (a.errors.stage == INFINITY) & (theirs.stage == INFINITY) & np.isfinite(g) & np.isfinite(t)
        with np.errstate(all="ignore"):
            number = (a.errors.stage == VALUES) & (theirs.stage == VALUES) & (a.errors.units <= SHARED * worst)
            return same | number | (lost & (np.abs(g - t) <= 1e-3 * np.abs(t)))

    # -- conventions -----------------------------------------------------------------------------------------------------------
    def by_convention(self, answers: list[Answer]) -> list[Limit]:
        """At nan, infinities, ties and kinks: what a reference returns, or what lies between the one-sided derivatives."""
        found: list[Limit] = []
        for a in answers:
            if self.e.case.condition == "empty arrays" and a.truth.hi is not None:
                nan = np.isnan(np.asarray(a.got).astype(np.float64))
                found += self._settle("convention", "nan where there are no numbers to compute from", a, nan)
            shape = a.truth.value.shape
            special = self.depends.reached(a.position, shape, lambda x: ~np.isfinite(x)) if a.truth.hi is not None else None
            if special is not None and not all_finite(self.e):  # a count depends on a nan, too
                special |= np.isnan(a.truth.hi)
            found += self._by_rule(a, special)
            nowhere = special if special is None else special | np.isnan(a.truth.hi)
            for name, party in (*self.references("same"), *self.references("wide")):
                if len(party.outputs) > a.position and a.open.any():
                    where = self._as_theirs(a, party.outputs[a.position], nowhere)
                    found += self._settle("convention", f"returns what {name} returns", a, where)
            if special is not None and a.open.any():
                found += self._beside_padding(a, special)
            if self.e.direction == "backward" and a.open.any():
                found += self._between_slopes(a)
            if a.open.any():
                found += self._nothing_over_nothing(a)
        return found

    def _nothing_over_nothing(self, a: Answer) -> list[Limit]:
        """A number where the truth is nan for this very input alone: 0/0, which the rounding of a sum may miss."""
        if a.truth.hi is None or not all_finite(self.e) or not (a.open & np.isnan(a.truth.hi)).any():
            return []
        near = [e.truths[a.position].hi for e in islice(self._nearby(), 2)]
        if not near:
            return []
        alone = np.isnan(a.truth.hi) & np.logical_and.reduce([np.isfinite(hi) for hi in near])
        return self._settle("convention", "a number where the formula is 0/0", a, alone)

    def _by_rule(self, a: Answer, special: np.ndarray | None) -> list[Limit]:
        """An infinity for nan at an input that is not finite; a finite gradient at a nan."""
        if special is None:
            return []
        g = np.asarray(a.got).astype(np.float64)
        lost = special & np.isnan(a.truth.hi)
        found = self._settle("convention", "an infinity where the truth is nan", a, lost & np.isinf(g))
        finite = lost & np.isfinite(g)
        if self.e.direction == "backward":
            at_nan = finite & self.depends.reached(a.position, g.shape, np.isnan)
            own = self.e.built.arrays[a.position].astype(np.float64)
            found += self._settle("convention", "a gradient of nan where the input is none", a, np.isnan(g) & ~np.isfinite(own))
            met = special & self.depends.reached(a.position, g.shape, lambda x: x == 0)
            text = "a gradient of nan where an infinity meets a zero, in another order"
            found += self._settle("convention", text, a, np.isnan(g) & met)
            found += self._settle("convention", "a finite gradient at a nan", a, at_nan)
        for name, party in (*self.references("same"), *self.references("wide")) if (finite & a.open).any() else ():
            theirs = np.isfinite(np.asarray(party.outputs[a.position]).astype(np.float64))
            found += self._settle("convention", f"loses a nan that {name} loses too", a, finite & theirs)
        return found

    def _as_theirs(self, a: Answer, other: Any, special: np.ndarray | None) -> np.ndarray:
        """Where a reference that differs from the truth returns the same: at special inputs, or as an index among ties."""
        if np.shape(other) != a.truth.value.shape:
            return np.zeros(a.truth.value.shape, bool)
        if special is None:
            return np.asarray(other == a.got)
        with np.errstate(all="ignore"):
            cast = np.asarray(other).astype(np.asarray(a.truth.value).dtype)
        wide = cast.astype(np.float64)
        as_truth = Truth(cast, wide, np.zeros_like(wide), np.abs(wide))
        return special & self._like(a, as_truth, a.position)

    def _beside_padding(self, a: Answer, special: np.ndarray) -> list[Limit]:
        truths = variants.without_padding(self.e)
        if truths is None or truths[a.position] is None:
            return []
        where = special & self._like(a, truths[a.position], a.position)
        return self._settle("convention", "leaves padding out where weights are nan or infinite", a, where)

    def _between_slopes(self, a: Answer) -> list[Limit]:
        """A gradient at a kink or tie, or of an elementwise op within rounding of a kink: anything between both slopes."""
        text, close = "another slope at a kink, between the one-sided derivatives", variants.BESIDE
        found = self._between(a, text, close)
        if a.open.any() and self.depends.alone:
            found += self._between(
                a, "the slope of the other side, within rounding of a kink", 2 - FORMATS[self.e.dtype].precision
            )
        return found

    def _between(self, a: Answer, text: str, exponent: int) -> list[Limit]:
        """Between the derivatives at so small a distance on both sides."""
        ends = variants.beside_kinks(self.e, exponent)
        if ends is None or a.truth.hi is None:
            return []
        low, high = ends[self.depends.kept.index(a.position)]
        g, fmt = np.asarray(a.got).astype(np.float64), FORMATS[self.e.dtype]
        slack = 16 * fmt.u * np.maximum(np.abs(low), np.abs(high)) + fmt.smallest
        with np.errstate(all="ignore"):
            between = (high - low > 4 * slack) & (g >= low - slack) & (g <= high + slack)
        return self._settle("convention", text, a, between)

    # -- range -----------------------------------------------------------------------------------------------------------------
    def flushing(self, answers: list[Answer]) -> list[Limit]:
        """Everything is as if subnormal numbers were 0."""
        found: list[Limit] = []
        tiny = max(FORMATS[self.e.dtype].tiny, FORMATS["float32"].tiny if self.e.dtype in ("float16", "bfloat16") else 0.0)
        for a in answers:
            g = np.asarray(a.got).astype(np.float64)
            small = np.zeros(g.shape, bool) if a.truth.hi is None else (np.abs(a.truth.hi) < tiny) & (g == 0)
            if self.depends.alone and a.truth.hi is not None and self.e.dtype != "float16":
                with np.errstate(invalid="ignore"):
                    near = np.abs(a.truth.hi - g) <= tiny * self._factors(g.shape)
                small |= near & (np.abs(g) <= np.abs(a.truth.hi))
            found += self._settle("flushes subnormals", "takes subnormal numbers as 0", a, small)
        for truths in variants.flushed(self.e) if any(a.open.any() for a in answers) else ():
            for a in answers if truths is not None else ():
                near = self._like(a, truths[a.position], a.position)
                found += self._settle("flushes subnormals", "takes subnormal numbers as 0", a, near)
        return found

    def _factors(self, shape: tuple[int, ...]) -> np.ndarray:
        """What a number that was flushed on the way may be multiplied by: the inputs of the element, where they are above 1."""
        given = [a for a in (*floats(self.e).values(), *self.e.cotangents) if a is not None]
        sizes = [np.abs(np.asarray(a).astype(np.float64)) for a in given]
        with np.errstate(over="ignore"):
            found = np.prod([np.fmax(1.0, np.where(np.isfinite(s), s, 1.0)) for s in sizes], axis=0)
        return np.broadcast_to(np.minimum(found, 2.0**64), shape)

    def out_of_range(self, answers: list[Answer]) -> list[Limit]:
        """Wrong only where a number is beyond the square root of the range, and right when it is scaled into that."""
        if self.judge.pair.spans_range or self.ask is None:
            return []
        beyond = beyond_root(self.e.dtype)
        masks = [
            a.open & self.depends.reached(a.position, a.truth.value.shape, beyond) if a.truth.hi is not None else None
            for a in answers
        ]
        if any(m is None or (a.open & ~m).any() for a, m in zip(answers, masks, strict=True)):
            return []  # something else is wrong as well: this is no matter of range alone
        again = self.ask(self.e, *within_root(self.e))
        if again is None or again.judged.grade == "fail":
            return []
        text = "wrong where a number is beyond the square root of the range, right when it is scaled into it"
        return [x for a, m in zip(answers, masks, strict=True) for x in self._settle("extreme range", text, a, m)]

    # -- refusals --------------------------------------------------------------------------------------------------------------
    def refusal(self) -> Limit | None:
        """Whether an exception is about a calling condition that the row declares, or about nan and infinities."""
        party, e = self.party, self.e
        if party.error_type in NOT_ORDINARY or party.error.startswith("writes into") or self.ask is None:
            return None
        said = party.error.removeprefix("raised ").partition("  (")[0]
        for condition in filter(None, (*self._memory(), e.case.condition, self._no_axis(), self._too_large_an_option())):
            if self._takes_another(condition):
                return Limit("refuses", condition, re.sub(r" \([^()]*\)$", "", said))
        if any(t is not None for t in e.truths) and all(t is None or _undefined(t) for t in e.truths):
            return Limit("refuses", "inputs where nothing is defined", re.sub(r" \([^()]*\)$", "", said))
        if not all_finite(e):
            again = self.ask(e, *made_finite(e))
            if again is not None and not again.party.error:
                return Limit("refuses", "nan or inf among the inputs", re.sub(r" \([^()]*\)$", "", said))
        return self._overflow(said)

    def _overflow(self, said: str) -> Limit | None:
        """An arithmetic error where a number is beyond the root of the range, and an answer when it is scaled into it."""
        e, beyond = self.e, beyond_root(self.e.dtype)
        given = (*floats(e).values(), *(c for c in e.cotangents if c is not None))
        extreme = any(bool(beyond(np.asarray(a).astype(np.float64)).any()) for a in given)
        if not extreme or self.party.error_type not in ARITHMETIC or self.judge.pair.spans_range:
            return None
        again = self.ask(e, *within_root(e)) if self.ask is not None else None
        if again is None or again.party.error or again.judged.grade == "fail":
            return None
        return Limit("extreme range", f"an exception where a number is beyond the square root of the range: {said}")

    def _memory(self) -> list[str]:
        """The conditions that the memory of the arrays and of the cotangent is about."""
        layouts = (self.e.case.layout, LAID_OUT.get(self.e.case.cotangent, "") if self.e.direction == "backward" else "")
        return [CONDITION_OF[n] for n in layouts if n]

    def _no_axis(self) -> str:
        """The condition of a case that leaves the axis at a default of None: one value of an option."""
        known = signature(implementation(self.judge.pair)).parameters.get("axis")
        options = self.e.built.options
        return "axis=None" if known is not None and options.get("axis", known.default) is None else ""

    def _too_large_an_option(self) -> str:
        """The condition of a case with an option that the dtype cannot hold."""
        values = [v for v in self.e.built.options.values() if isinstance(v, float) and np.isfinite(v)]
        return "an option that the dtype cannot hold" if any(abs(v) > FORMATS[self.e.dtype].max for v in values) else ""

    def _takes_another(self, condition: str) -> bool:
        """Whether the candidate answers where the condition is not met: the same numbers contiguous, or a plain case."""
        assert self.ask is not None
        e, laid = self.e, condition in self._memory()
        key = (e.direction, e.dtype, condition, e.case.name if laid else "")
        if key not in self.judge.explained:
            plain = self._with_axis() if self._no_axis() else Case("ordinary")
            again = self.ask(e, dict(floats(e)), e.cotangents) if laid else self.ask(e, plain=plain)
            self.judge.explained[key] = again is not None and not again.party.error
        return self.judge.explained[key]

    def _with_axis(self) -> Case:
        """The first case of the op, on ordinary numbers, that names an axis and no calling condition."""
        mine = (c for c in cases(self.judge.pair.op) if not c.condition and not c.hazards and c.stored is None)
        return next((c for c in mine if c.options.get("axis") is not None), Case("ordinary"))


def _undefined(truth: Truth) -> bool:
    """Whether a result has elements, and every one of them is nan."""
    return truth.hi is not None and truth.hi.size > 0 and bool(np.isnan(truth.hi).all())
