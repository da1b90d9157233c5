"""What a search looks for, what it found, and how far it may go."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from parity.cases import Case, Stored


@dataclass(frozen=True)
class Target:
    """One thing to make as large as possible: the error of a party, inside one region of the table or outside all."""

    who: str
    region: int | None
    kind: str
    """ "budget": within reach of a budget; "extreme": of all errors, whatever region they are in."""


@dataclass(frozen=True)
class Finding:
    """The worst input that a search found for one target."""

    op: str
    direction: str
    dtype: str
    who: str
    region: int | None
    kind: str
    units: float
    ulp: float | None
    """|got - exact| in spacings of the dtype at the exact result (elementwise ops; else None)."""
    stage: str
    """"values", or what failed before values were compared ("nan", "infinity", "sign of zero", "error", …)."""
    case: Case
    """The case it started from: its options and the arrays that are not replaced."""
    stored: Stored
    """What replaces the case's arrays and cotangents; for an elementwise op several of the worst inputs, worst first."""
    element: str
    results: Mapping[str, str] = field(default_factory=dict)
    """What every party and the truth have there, in decimal and hexadecimal."""


@dataclass(frozen=True)
class Explored:
    """A search with what it cost."""

    findings: list[Finding]
    evaluations: int
    undecided: int
    """Inputs that were dropped because the truth could not be proven there."""
    seconds: float


class Meter:
    """Counts evaluations and watches the clock: work stops at `points` of them or at `deadline`, whichever comes first."""

    def __init__(self, points: int | None, deadline: float | None = None):
        self.points, self.deadline, self.spent = points, deadline, 0
        self._began = time.perf_counter()

    def expired(self) -> bool:
        """Whether the time is up."""
        return self.deadline is not None and time.perf_counter() >= self.deadline

    def done(self) -> bool:
        """Whether nothing is left."""
        return self.expired() or (self.points is not None and self.spent >= self.points)

    def affordable(self, seconds: float) -> int:
        """How many evaluations take `seconds`, at the speed seen so far."""
        elapsed = max(time.perf_counter() - self._began, 1e-3)
        return int(seconds * self.spent / elapsed)
