"""A sampler that is given a generator is judged by its laws, whatever it draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parity.candidate.counting import Cell
from parity.pair import Pair
from parity.placing import optional
from parity.results import Grade, Limit
from parity.runner import among_hazards
from parity.statistics import law_checks, law_outcome
from parity.tolerances import Row
from parity.verdict import Check, Verdict


class Laws:
    """The part of `grading.Grading` that judges samplers."""

    pair: Pair
    row: Row
    asker: Any
    skip: Sequence[str]
    first_failure: bool
    advance: Any
    left_out: Any

    def laws(self, dtypes: Sequence[str]) -> tuple[Grade, ...]:
        """A sampler that is given a generator is judged by its laws, whatever it draws."""
        reason = self.cannot_sample()
        cells = [(t, d) for t in dtypes for d in self.asker.directions]
        if reason:
            return tuple(Grade(t, "distribution", "not covered", 0, None, (), (reason,)) for t in dtypes)
        self.expected = sum(len(law_checks(self.pair, t)) for t in dtypes)
        return tuple(self._law_cell(dtype, direction) for dtype, direction in cells)

    def _law_cell(self, dtype: str, direction: str) -> Grade:
        cell = Cell(dtype, "distribution" if direction == "forward" else direction)
        for law in (c for c in law_checks(self.pair, dtype) if c.direction == direction):
            self.advance()
            reason = self.law_left_out(law, dtype, direction)
            if reason:
                cell.missing.append(f"{law.name}: {reason}")
                continue
            self.take_law(cell, law, self.law(law, dtype))
            if cell.failed and self.first_failure:
                break
        return cell.grade()

    def law_left_out(self, law: Any, dtype: str, direction: str) -> str:
        """Why a law is not tried."""
        if self.skip and among_hazards(law.name, self.skip):
            return "skipped"
        if law.case is None:
            return ""
        return self.left_out(Check(self.pair.op, dtype, "forward", "truth", law.name), law.case) or self.asker.tired(
            dtype, direction
        )

    def law(self, law: Any, dtype: str) -> Verdict:
        """The verdict of one law."""
        forward = self.asker.function("forward") if "forward" in self.asker.directions else None
        backward = self.asker.function("backward") if "backward" in self.asker.directions else None
        return law_outcome(self.pair, law, dtype, self.row, forward, backward)

    def take_law(self, cell: Cell, law: Any, verdict: Verdict) -> None:
        """Count the verdict of one law."""
        kind = verdict.detail.get("limit")
        if verdict.status == "skipped":
            cell.missing.append(f"{law.name}: {verdict.message}")
        elif kind:
            cell.limits.append((verdict.check.id, Limit(str(kind), verdict.message)))
        else:
            cell.held.append(("tight" if verdict.status == "held" else "fail", verdict))
            cell.failed |= verdict.status != "held"

    def cannot_sample(self) -> str:
        """Why the candidate cannot draw samples from a generator that it is given; "" where it can."""
        lost = [n for n in self.asker.lacking("forward") if n not in optional(self.pair)]
        return f"has no parameter `{lost[0]}`" if lost else ""
