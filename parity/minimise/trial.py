"""One search for a smaller input: asks, compares symptoms, keeps what still fails, counts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parity.candidate.grade import Judge, Seen
from parity.cases import Case, Stored, with_stored
from parity.evaluate import library
from parity.verdict import Check

FEW = 4
"""An array of at most so many elements is small enough."""
AS_WRONG = 16.0
"""An error of at least so many budgets may not become a mere rounding error on the way."""


class Trial:
    """The smallest input so far (`seen`), and what it takes to try another."""

    def __init__(
        self, check: Check, seen: Seen, observe: Callable[[Case, str, str], Seen | None], limit: int, seconds: float
    ):  # fmt: skip
        self.check, self.seen, self.first, self.observe = check, seen, seen, observe
        self.limit, self.end, self.tried = limit, time.monotonic() + seconds, 0
        self.row = seen.judged.row
        self.refused = 0
        """Inputs that the op does not take: its definition or our own implementation refuses them, or ours is wrong there."""
        self.known: set[Any] = set()
        self.others: dict[tuple, None] = {}
        """The shapes, by argument, of inputs that were tried and do not fail in this way."""

    @property
    def case(self) -> Case:
        """The case of the smallest input so far."""
        return self.seen.evaluation.case

    @property
    def spent(self) -> bool:
        """Whether the inputs or the time are used up."""
        return self.tried >= self.limit or self.refused >= 4 * self.limit or time.monotonic() > self.end

    @property
    def arrays(self) -> dict[str, Any]:
        """The arguments by name; an absent one is missing."""
        built = self.seen.evaluation.built
        return {k.name: a for k, a in zip(built.kinds, built.arrays, strict=True) if a is not None}

    @property
    def size(self) -> int:
        """The number of elements of the largest array."""
        return max((np.size(a) for a in (*self._plain(), *self.cotangents) if isinstance(a, np.ndarray)), default=0)

    @property
    def cotangents(self) -> tuple[np.ndarray | None, ...]:
        """The cotangents, one for each output (none for a forward)."""
        return self.seen.evaluation.cotangents

    def roles(self) -> dict[str, str]:
        """The role of each argument."""
        return {k.name: k.role for k in self.seen.evaluation.built.kinds}

    def _plain(self) -> list[Any]:
        return list(self.arrays.values())

    def attempt(
        self,
        arrays: Mapping[str, Any] | None = None,
        cotangents: tuple[np.ndarray | None, ...] | None = None,
        **more: Any,
    ) -> bool:
        """Try the input with these changes; keep it if it fails in the same way.  (Empty cotangents are drawn anew.)"""
        if self.spent:
            return False
        roles = self.roles()
        held = {n: a for n, a in {**self.arrays, **(arrays or {})}.items() if roles[n] != "rng"}
        stored = Stored(held, self.cotangents if cotangents is None else cotangents)
        # Only the ordinary case lends the candidate arrays that can be written to.
        name = self.first.evaluation.case.name
        case = replace(with_stored(self.case, stored, "ordinary" if name == "ordinary" else "minimised"), **more)
        if (key := _key(case)) in self.known:
            return False
        self.known.add(key)
        found = self.observe(case, self.check.dtype, self.check.direction)
        if found is None:
            self.refused += 1
            return False
        self.tried += 1
        if not self._same(found):
            self.others[_shapes(found)] = None
            return False
        if not self._fair(found):
            self.refused += 1
            return False
        self.seen = found
        return True

    def _fair(self, found: Seen) -> bool:
        """Whether the input is one of the op's: our own implementation takes it, and is right there."""
        if self.row is None:
            return True
        e = found.evaluation
        return Judge(e.pair, self.row).judge(e, e.party("ours", library(e.pair))).grade != "fail"

    def _same(self, found: Seen) -> bool:
        """Whether it fails in the same way, and as badly."""
        if found.symptom != self.first.symptom:
            return False
        if self.first.judged.outcome.stage == "error":
            return _wording(found.party.error) == _wording(self.first.party.error)
        return found.judged.outcome.units >= min(self.first.judged.outcome.units, AS_WRONG * found.judged.budget)


def _wording(error: str) -> str:
    """An error's message without the numbers and shapes in it."""
    return re.sub(r"[\W\d]+", " ", error)


def _shapes(seen: Seen) -> tuple:
    built = seen.evaluation.built
    return tuple((k.name, np.shape(a)) for k, a in zip(built.kinds, built.arrays, strict=True) if isinstance(a, np.ndarray))


def _key(case: Case) -> tuple:
    assert case.stored is not None
    held = [*case.stored.arrays.items(), *enumerate(case.stored.cotangents)]
    arrays = tuple((n, a.shape, a.tobytes()) if isinstance(a, np.ndarray) else (n, a) for n, a in held)
    return arrays, repr(sorted(case.options.items())), repr(case.shapes), case.layout, case.absent


def why_not_smaller(trial: Trial) -> str:
    """What was tried in vain, where an array is still large; "" otherwise."""
    if trial.size <= FEW:
        return ""
    large = [(n, a.shape) for n, a in trial.arrays.items() if isinstance(a, np.ndarray) and a.size > FEW]
    if not large:
        return f"Its arrays are small; a result has {trial.size} elements by the op's own rule."
    name, shape = max(large, key=lambda x: np.prod(x[1], dtype=int))
    near = sorted({s for found in trial.others for n, s in found if n == name and _below(s, shape)}, key=_size, reverse=True)
    stopped = f" The search stopped after {trial.tried} inputs." if trial.spent else ""
    if near:
        shown = ", ".join(map(str, near[:3]))
        return f"`{name}` of shape {shape} fails; of {trial.tried} inputs, those with {shown} do not fail in this way.{stopped}"
    if stopped:
        return stopped.strip()
    return f"No smaller `{name}` than {shape} that was tried is one that the op takes ({trial.refused} inputs were refused)."


def _below(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return len(shape) == len(other) and shape != other and all(a <= b for a, b in zip(shape, other, strict=True))


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=int))
