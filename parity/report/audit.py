"""The league table for people: the standing of the three parties, and the worst cells of one of them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence

from parity.audit import PARTIES, REFERENCES, Counts, League, Standing, Worst
from parity.report.evidence import place
from parity.report.table import columns

SHOWN = 20
NAMES = {"ours": "ours", "torch": "torch", "scipy": "SciPy"}
UNEXPLAINED = "not explained yet"


def audit_lines(league: League, party: str | None = None, *, everything: bool = False) -> Iterator[str]:
    """The report about one party, or the summary for the three; the last line counts."""
    ranked = league.ranked(party)
    shown = ranked if everything else ranked[:SHOWN]
    if party is None:
        yield from _summary_table(league)
        yield ""
    yield from _cells(shown, party)
    if len(shown) < len(ranked):
        yield f"... and {len(ranked) - len(shown)} more; `--all` shows them, `--json` holds them all."
    yield ""
    yield counts_line(league.counts)


# -- the three -----------------------------------------------------------------------------------------------------------------
def _summary_table(league: League) -> list[str]:
    head = ("party", "cells", "most accurate", "nan, inf, sign", "over the limit", "worst number", "where")
    return columns([head, *(_summary_row(league, who) for who in PARTIES)])


def _summary_row(league: League, who: str) -> tuple[str, ...]:
    mine = [s for s in league if who in s.worst]
    numbers = [s for s in mine if math.isfinite(s.worst[who].units)]
    top = max(numbers, key=lambda s: s.worst[who].units, default=None)
    where = "-" if top is None else f"{top.op} {top.direction} {top.dtype}, {at(top.worst[who])}"
    over = sum(s.wrong(who) for s in numbers)
    counts = (len(mine), league.counts.most_accurate[who], len(mine) - len(numbers), over)
    return (NAMES[who], *map(str, counts), "-" if top is None else _number(top.worst[who]), where)


def counts_line(c: Counts) -> str:
    """The last line: how often ours is at or below every reference, who is most accurate, how often who is wrong."""
    share = f" ({100 * c.at_or_below / c.compared:.1f} %)" if c.compared else ""
    best = ", ".join(f"{NAMES[who]} {c.most_accurate[who]}" for who in PARTIES)
    wrong = ", ".join(f"{NAMES[who]} {c.wrong[who]} of {c.measured[who]}" for who in REFERENCES)
    usual = f", and in {c.usually_at_or_below} even where their known differences are left out"
    return (
        f"{c.cells} cells, {c.compared} with a reference: "
        f"ours is at or below every reference in {c.at_or_below}{share}{usual}; "
        f"most accurate (level ones count for each): {best}; wrong (over the limit, nan, inf or sign): {wrong}."
    )


# -- cells ---------------------------------------------------------------------------------------------------------------------
def _cells(shown: Sequence[Standing], party: str | None) -> Iterator[str]:
    """A title and the cells of a party, each followed by what is known about it."""
    if party is None:
        head, row, notes = ("most accurate", "largest error at"), _overview, _no_notes
        yield "worst units of each party; cells where ours is behind come first"
    elif party == "ours":
        head, row, notes = ("behind by", "at"), _behind, _ours_notes
        yield "cells where ours is less accurate than a reference" if shown else "In no cell is a reference ahead of ours."
    else:
        head, row, notes = ("at",), lambda s: (at(s.worst[party]),), lambda s: _notes(s, party)
        name = NAMES[party]
        yield f"worst cells of {name}, wrong nan and inf first" if shown else f"{name} is measured in none of these cells."
    if shown:
        yield from _with_notes(shown, _first(party), head, row, notes)


def _first(party: str | None) -> tuple[str, ...]:
    """The parties in the order of their columns."""
    return tuple(sorted(PARTIES, key=lambda who: who != party)) if party else PARTIES


def _with_notes(shown: Sequence[Standing], parties, head, row: Callable, notes: Callable) -> Iterator[str]:
    lines = [(s.op, s.direction, s.dtype, *(_number(s.worst.get(who)) for who in parties), *row(s)) for s in shown]
    title, *texts = columns([("op", "direction", "dtype", *(NAMES[who] for who in parties), *head), *lines])
    yield title
    for standing, text in zip(shown, texts, strict=True):
        yield text
        for note in notes(standing):
            yield from textwrap.wrap(note, 116, initial_indent="    ", subsequent_indent="    ", break_long_words=False)


def _number(w: Worst | None) -> str:
    if w is None:
        return "-"
    return f"{w.units:.4g}" if math.isfinite(w.units) else w.stage


def at(w: Worst) -> str:
    """Where a party is worst: the check, or that a search found it, and the input."""
    return place(w.check or "search", w.path, w.layout, w.element)


def _overview(s: Standing) -> tuple[str, str]:
    worst = max(s.worst, key=lambda who: s.worst[who].units)
    return ", ".join(NAMES[who] for who in s.best) or "none", f"{NAMES[worst]}: {at(s.worst[worst])}"


def _no_notes(s: Standing) -> Iterator[str]:
    return iter(())


def _behind(s: Standing) -> tuple[str, str]:
    return f"{s.gap:.3g} x", at(s.worst["ours"])


def _ours_notes(s: Standing) -> Iterator[str]:
    yield from _results(s, "ours")
    yield s.why or UNEXPLAINED


def _notes(s: Standing, party: str) -> Iterator[str]:
    yield from _results(s, party)
    if s.worst[party].difference:
        yield s.worst[party].difference


def _results(s: Standing, party: str) -> Iterator[str]:
    """What the party returned and what is right, where the evidence has it."""
    results = s.worst[party].results
    if party in results and "truth" in results:
        yield f"returned {results[party]}; right is {results['truth']}"
