"""What is counted for one dtype and direction, and the grade that comes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from parity.candidate.grade import GRADES
from parity.candidate.limits import by_kind
from parity.results import Grade, Limit
from parity.verdict import Verdict


@dataclass
class Cell:
    """What is counted for one dtype and direction."""

    dtype: str
    direction: str
    held: list[tuple[str, Verdict]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    limits: list[tuple[str, Limit]] = field(default_factory=list)
    failed: bool = False

    def grade(self) -> Grade:
        """The worst grade, with the figure behind it."""
        limits = seen_limits(self.limits)
        if not self.held:
            return Grade(self.dtype, self.direction, "not covered", 0, None, (), tuple(self.missing), limits)
        worst_grade = max((g for g, _ in self.held), key=GRADES.index)
        shown = [v for g, v in self.held if g == worst_grade]
        worst = max(shown, key=lambda v: v.units if not math.isnan(v.units) else math.inf)
        failures = tuple(v for g, v in self.held if g == "fail")
        held = tuple(v for g, v in self.held if g != "fail")
        return Grade(
            self.dtype, self.direction, worst_grade, len(self.held), worst, failures, tuple(self.missing), limits, held
        )


def seen_limits(limits: Sequence[tuple[str, Limit]]) -> tuple[tuple[Limit, tuple[str, ...]], ...]:
    """Each limit once, with the ids of the checks where it was seen."""
    return tuple((limit, tuple(checks)) for limit, checks in by_kind(limits).values())
