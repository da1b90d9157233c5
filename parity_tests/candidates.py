"""The rows of the test of the tests: implementations that must be caught, and implementations that must not be."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Candidate:
    """An implementation of `op` in place of ours: `forward`, `backward` or both (None: ours).

    `name` says in a few words what is wrong with it (or, for a right one, in which style it is written) and is the
    test's id.  `dtypes` are those it is judged in.
    """

    op: str
    name: str
    forward: Callable[..., Any] | None = None
    backward: Callable[..., Any] | None = None
    dtypes: tuple[str, ...] = ("float64", "float32")
    within: str = ""
    """For a wrong one that is accepted all the same: the kind of limit that it is, or "stable"."""
    why: str = ""
    """Why that is no failure."""


SUBGRADIENT = {
    "within": "convention",
    "why": "Between the one-sided derivatives of a kink every slope is a subgradient; references differ there.",
}
SIGN_OF_ZERO = {"within": "signed zero", "why": "A zero of the other sign is no wrong number."}
SURPLUS_GRADIENT = {"within": "convention", "why": "A gradient for an array that the op has none for is not judged."}
"""Why wrong implementations that are alike are accepted."""


@cache
def all_candidates(which: str) -> tuple[Candidate, ...]:
    """Every candidate of `parity_tests/wrong` (`WRONG`) or `parity_tests/right` (`RIGHT`)."""
    package = importlib.import_module(f"parity_tests.{which}")
    found: list[Candidate] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        found += getattr(importlib.import_module(f"parity_tests.{which}.{module}"), which.upper())
    return tuple(found)


def caught_candidates() -> tuple[Candidate, ...]:
    """Every wrong candidate that must fail: those that are within the limits left out."""
    return tuple(c for c in all_candidates("wrong") if not c.within)
