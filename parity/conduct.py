"""What a candidate does besides returning numbers: each remark once, with how often and where it was first seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from parity.replies import spread
from parity.results import Remark

SHOWN_REMARKS = 12
"""Different remarks of one kind that are kept; a text may be another in each call."""
NONDETERMINISTIC = "returns other bits when called again with the same input"


class Conduct:
    """The remarks on one candidate."""

    def __init__(self):
        self._remarks: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], str] = {}
        self._spread = 0.0

    def note(self, notes: Iterable[tuple[str, str]], at: str) -> None:
        """Keep these remarks, (kind, sentence), seen at a check."""
        for kind, text in notes:
            if (kind, text) not in self._remarks and sum(k == kind for k, _ in self._remarks) >= SHOWN_REMARKS:
                text = f"gives rise to further remarks of this kind ({kind})"
            self._remarks[kind, text] += 1
            self._first.setdefault((kind, text), at)

    def differs(self, one: Any, other: Any, at: str) -> None:
        """Two calls with the same input gave these results."""
        self._spread = max(self._spread, spread(one, other))
        self.note([("nondeterministic", NONDETERMINISTIC)], at)

    def printed(self, size: int, text: str) -> None:
        """It has printed so many bytes, and they begin so."""
        if size:
            self.note([("output", f"prints {_size(size)}, beginning {text.strip()[:60]!r}")], "loading")

    def remarks(self) -> tuple[Remark, ...]:
        """All remarks, what fails the candidate first."""
        largest = f"; the largest difference is {self._spread:.3g}"
        found = [
            Remark(kind, text + (largest if text == NONDETERMINISTIC else ""), n, self._first[kind, text])
            for (kind, text), n in self._remarks.items()
        ]
        return tuple(sorted(found, key=lambda r: not r.fails))


def _size(n: int) -> str:
    return f"{n / 2**20:.1f} MB" if n >= 2**20 else f"{n} bytes"
