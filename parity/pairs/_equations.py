"""Equations of Einstein's sum convention, drawn from a grammar: one to four operands, with their shapes.

    equation = operand {"," operand} ["->" result]        operand = letters, at one place perhaps "..."

A letter may come twice in an operand (a diagonal; a trace, where the result does not name it).  Every letter has another
length, so that no two axes can be mistaken for each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parity.pair import Structure

SEED, COUNT = 25, 40
LENGTHS = {"j": 2, "i": 3, "a": 4, "k": 1}
"""The letters, not in the order of the alphabet, and their lengths."""
DOTS = (2, 3)
"""The lengths of the axes that "..." stands for, the last ones where it stands for fewer."""
OPERANDS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Term:
    """One operand: its letters, how many axes "..." stands for (None: it has none) and where, and an axis of length one."""

    letters: str
    dots: int | None
    at: int
    short: bool

    @property
    def text(self) -> str:
        """As it is written."""
        return self.letters if self.dots is None else self.letters[: self.at] + "..." + self.letters[self.at :]

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes; the first of "..." is one where it is `short`."""
        dots = DOTS[len(DOTS) - (self.dots or 0) :]
        dots = (1, *dots[1:]) if self.short and dots else dots
        lengths = tuple(LENGTHS[c] for c in self.letters)
        return lengths[: self.at] + dots + lengths[self.at :] if self.dots is not None else lengths


def equations(seed: int = SEED, count: int = COUNT) -> Iterator[Structure]:
    """Equations with one, two, three and four operands in turn."""
    rng = np.random.Generator(np.random.PCG64(seed))
    for i in range(count):
        several = i % len(OPERANDS) + 1
        terms = [_term(rng, least=2 if several == 1 else 0) for _ in range(several)]
        equation = ",".join(t.text for t in terms) + _result(terms, rng)
        shapes = {name: t.shape for name, t in zip(OPERANDS, terms, strict=False)}
        absent = OPERANDS[len(terms) : 2]
        dots = {t.shape for t in terms if t.dots is not None and t.dots}
        broadcast = len({t.dots for t in terms}) > 1 or any(t.short for t in terms)
        yield Structure(
            f"equation_{i + 1}", shapes, {"equation": equation}, absent, "broadcasting" if dots and broadcast else ""
        )


def _term(rng: np.random.Generator, least: int) -> Term:
    letters = "".join(_drawn(list(LENGTHS), rng) for _ in range(int(rng.integers(least, 4))))
    dots = int(rng.integers(0, len(DOTS) + 1)) if rng.integers(0, 3) == 0 else None
    return Term(letters, dots, int(rng.integers(0, len(letters) + 1)), bool(rng.integers(0, 3) == 0))


def _result(terms: list[Term], rng: np.random.Generator) -> str:
    """The result: left out, or some of the letters in any order, with "..." if an operand has it."""
    if rng.integers(0, 4) == 0:
        return ""
    letters = sorted({c for t in terms for c in t.letters})
    kept = [letters[i] for i in rng.permutation(len(letters))][: int(rng.integers(0, len(letters) + 1))]
    dots = [int(rng.integers(0, len(kept) + 1))] if any(t.dots is not None for t in terms) else []
    for at in dots:
        kept.insert(at, "...")
    return "->" + "".join(kept)


def _drawn(choices: list[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(0, len(choices)))]
