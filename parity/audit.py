"""The league table: for every op, direction and dtype the worst error of each party, and who is most accurate.

It is made from the evidence alone: nothing is measured, and no reference is imported.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from parity.errors import NothingSelected, ParityError, UnknownOp
from parity.evidence import Evidence, cell_name
from parity.measure import NEW, REFERENCE_LIMIT
from parity.schema import DIRECTIONS, DTYPES
from parity.tolerances import Row, Table

PARTIES = ("ours", "torch", "scipy")
REFERENCES = ("torch", "scipy")
LEVEL = 1.02
"""Errors that differ by less than this factor are level: a search finds the worst input only nearly."""


def at_or_below(mine: float, theirs: float) -> bool:
    """The rule of every comparison: an error counts as at or below another that it exceeds by at most 2 per cent, and
    errors of at most 1 unit are level, because that is what correct rounding may reach.
    """
    return mine <= LEVEL * theirs or max(mine, theirs) <= 1


# -- plain data ----------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Worst:
    """The worst error of one party in one cell: how large, where, and what is known about it."""

    units: float
    """inf where the result is a wrong nan, infinity, sign of zero or shape, or an exception."""
    stage: str = "values"
    """ "values", or what is wrong with the result before values can be compared."""
    check: str = ""
    """The check it was found by; empty where a search found it."""
    element: str = ""
    path: str = "native"
    layout: str = ""
    ulp: float | None = None
    results: Mapping[str, str] = field(default_factory=dict)
    """What each party and the truth have there."""
    difference: str = ""
    """The first sentence about the known difference that this is."""


@dataclass(frozen=True)
class Standing:
    """One cell of the league: the parties' worst errors in one op, direction and dtype."""

    op: str
    direction: str
    dtype: str
    worst: Mapping[str, Worst]
    why: str = ""
    """Why ours is less accurate than another party, as the table explains it."""
    usual: Mapping[str, float] = field(default_factory=dict)
    """The worst error of each party where no known difference of a reference occurs."""

    @property
    def compared(self) -> bool:
        """Whether ours and a reference were measured."""
        return "ours" in self.worst and len(self.worst) > 1

    @property
    def best(self) -> tuple[str, ...]:
        """Who is most accurate: every party that is at or below all others and returns no wrong nan or infinity."""
        units = {who: w.units for who, w in self.worst.items()}
        return tuple(w for w, u in units.items() if math.isfinite(u) and all(at_or_below(u, v) for v in units.values()))

    @property
    def ahead(self) -> tuple[str, ...]:
        """The references that ours is not at or below."""
        ours = self.worst.get("ours")
        return tuple(w for w in self.worst if ours and w != "ours" and not at_or_below(ours.units, self.worst[w].units))

    @property
    def usually_ahead(self) -> tuple[str, ...]:
        """The references that ours is not at or below even when their known differences are left out."""
        mine = self.usual.get("ours")
        return tuple(w for w, u in self.usual.items() if mine is not None and w != "ours" and not at_or_below(mine, u))

    @property
    def gap(self) -> float:
        """How many times the error of ours is that of the best reference (or of a correct rounding)."""
        best = min((w.units for who, w in self.worst.items() if who != "ours"), default=math.inf)
        return self.worst["ours"].units / max(1.0, best) if self.ahead else 0.0

    def wrong(self, who: str) -> bool:
        """Whether a party is beyond the limit at which a reference counts as wrong; a wrong nan or infinity always is."""
        return who in self.worst and not self.worst[who].units <= REFERENCE_LIMIT[self.dtype]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without what is empty."""
        found = {who: _worst_data(w) for who, w in self.worst.items()}
        row: dict[str, Any] = {"op": self.op, "direction": self.direction, "dtype": self.dtype, "worst": found}
        row |= {"most_accurate": list(self.best), "ahead_of_ours": list(self.ahead)}
        return row | ({"why": self.why} if self.why else {})


def _worst_data(w: Worst) -> dict[str, Any]:
    data = {k: v for k, v in asdict(w).items() if v not in ("", None, {}, 0)}
    return data | {"units": w.units if math.isfinite(w.units) else "inf"}


@dataclass(frozen=True)
class Counts:
    """The figures of the last line."""

    cells: int
    compared: int
    """Cells in which ours and a reference were measured; what follows counts these, `measured` and `wrong` all."""
    at_or_below: int
    most_accurate: Mapping[str, int]
    measured: Mapping[str, int]
    wrong: Mapping[str, int]
    usually_at_or_below: int
    """The same as `at_or_below`, with the known differences of the references left out."""


@dataclass(frozen=True)
class League:
    """The cells in the order of the table.  Read `.standings`, `.counts`, or `.ranked(party)`."""

    standings: tuple[Standing, ...]

    def __iter__(self) -> Iterator[Standing]:
        return iter(self.standings)

    def __len__(self) -> int:
        return len(self.standings)

    def __bool__(self) -> bool:
        raise TypeError("A League has no truth value: read `.counts` or `.ranked(party)`.")

    @property
    def counts(self) -> Counts:
        """In how many cells who stands where."""
        compared = [s for s in self if s.compared]
        return Counts(
            cells=len(self),
            compared=len(compared),
            at_or_below=sum(not s.ahead for s in compared),
            most_accurate={who: sum(who in s.best for s in compared) for who in PARTIES},
            measured={who: sum(who in s.worst for s in self) for who in PARTIES},
            wrong={who: sum(s.wrong(who) for s in self) for who in PARTIES},
            usually_at_or_below=sum(not s.ahead and not s.usually_ahead for s in compared),
        )

    def ranked(self, party: str | None = None) -> list[Standing]:
        """The cells of a party, worst first: of a reference by its units, wrong nan and infinity in front; of ours only
        those where a reference is ahead, by how far.  Without a party: these, then all others in the table's order.
        """
        if party is not None:
            check_party(party)
        if party in REFERENCES:
            return sorted((s for s in self if party in s.worst), key=lambda s: -s.worst[party].units)
        behind = sorted((s for s in self if s.ahead), key=lambda s: -s.gap)
        return behind if party == "ours" else behind + [s for s in self if not s.ahead]

    def to_json(self, party: str | None = None) -> str:
        """The counts and every cell of `ranked(party)` as JSON."""
        data = {"party": party, "counts": asdict(self.counts), "cells": [s.as_dict() for s in self.ranked(party)]}
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


# -- making it -----------------------------------------------------------------------------------------------------------------
def league(
    evidence: Evidence,
    table: Table,
    names: Iterable[str] = (),
    dtypes: Iterable[str] = (),
    directions: Iterable[str] = (),
) -> League:
    """The league of the named ops and families (default: all), dtypes and directions, from what has been measured."""
    names, dtypes, directions = tuple(names), tuple(dtypes), tuple(directions)
    found = [
        s
        for row in _rows(table, names)
        for direction in directions or DIRECTIONS
        for dtype in dtypes or DTYPES
        if (s := _standing(evidence, row, direction, dtype)).worst
    ]
    if not found:
        raise NothingSelected(
            f"{evidence.path.name} has nothing measured for {' '.join((*names, *dtypes, *directions)) or 'any op'}; "
            f"`parity certify {' '.join(names)}{' ' * bool(names)}--write` measures, `parity list` shows the ops."
        )
    return League(tuple(found))


def check_party(name: str) -> str:
    """The name of a party; anything else is the user's error."""
    if name not in PARTIES:
        raise ParityError(f"{name!r} is no party; give {', '.join(PARTIES[:-1])} or {PARTIES[-1]}.")
    return name


def split_names(names: Iterable[str]) -> tuple[str | None, tuple[str, ...]]:
    """The party (if one is given) and the ops and families that a user named."""
    rest = list(names)
    party = rest.pop(0) if rest and rest[0] in PARTIES else None
    second = [name for name in rest if name in PARTIES]
    if second:
        raise ParityError(f"{second[0]!r} is a party; give one of {', '.join(PARTIES)}, before the ops and families.")
    return party, tuple(rest)


def _rows(table: Table, names: tuple[str, ...]) -> Iterable[Row]:
    from parity.api import rows_named

    try:
        return rows_named(table, names)
    except UnknownOp as e:
        raise ParityError(f"{e} The parties are {', '.join(PARTIES)}.") from None


def _standing(evidence: Evidence, row: Row, direction: str, dtype: str) -> Standing:
    worst = {who: w for who in PARTIES if (w := _worst(evidence, row, direction, dtype, who)) is not None}
    usual = {who: evidence.cells.get(cell_name(row.op, direction, dtype, who), {}) for who in worst}
    units = {who: float(entry["units"]) for who, entry in usual.items() if "check" in entry}
    return Standing(row.op, direction, dtype, worst, _explanation(row, direction, dtype), units)


def _worst(evidence: Evidence, row: Row, direction: str, dtype: str, who: str) -> Worst | None:
    """The worst of all that was measured; the budget's worst where nothing else is known."""
    key = cell_name(row.op, direction, dtype, who)
    entry = evidence.extremes.get(key) or evidence.cells.get(key, {})
    if key not in evidence.extremes and "check" not in entry:
        return None  # a cell that no reading counts for
    check = "" if entry.get("check", NEW) == NEW else entry["check"]
    known = row.difference(who, direction, dtype, check)
    given = {k: entry[k] for k in ("stage", "element", "path", "layout", "ulp", "results") if k in entry}
    difference = first_sentence(known["why"]) if known else ""
    return Worst(float(entry["units"]), **given, check=check, difference=difference)


def _explanation(row: Row, direction: str, dtype: str) -> str:
    found = (b["why"] for b in row.data.get("behind", []) if b["direction"] == direction and dtype in b["dtypes"])
    return next(found, "")


def first_sentence(text: str) -> str:
    """A text up to its first full stop."""
    return re.split(r"(?<=[.!?])\s+", text.strip(), maxsplit=1)[0]
