"""The checks of one op, and whether they find a mutant.

A mutant is killed by a check that `parity run OP --reference truth` would call violated.  Where a mutant returns the very bits
that the library returns, the verdict is known: the truth is needed only where something differs.  Inputs, results and truths
are made when they are first needed and serve all mutants of the op.  A check that never runs the changed line is not asked.
"""

from __future__ import annotations

import importlib
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from parity.evaluate import Evaluation, Party, ask, find_truth, library, prepare, structured
from parity.loader import catalogue
from parity.pair import Pair
from parity.runner import case_of, checks_of, internal, judge
from parity.statistics import law_verdict
from parity.tolerances import Table
from parity.truth.cache import TruthCache
from parity.verdict import Check, Verdict
from tools.mutate.child import Child, codes, put_in_place
from tools.mutate.graph import PACKAGE
from tools.mutate.planting import Mutant

FIRST_BATCH = 12
"""So many checks are asked first; each further batch is four times as large."""
SECONDS, TIMES = 5.0, 20.0
"""A mutant may take that long in a batch, and so many times what the library takes."""
Lines = frozenset[tuple[str, int]]


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: "killed" or "alive".  It has no truth value on purpose."""

    kind: str
    by: str = ""
    """The check that found it, or what else did: timeout, import."""
    message: str = ""
    ran: int = 0
    """Of the checks that were asked, those that ran the changed lines."""
    changed: int = 0
    """Of these, those that gave other results, which were right all the same."""

    def __bool__(self) -> bool:
        raise TypeError("An Outcome has no truth value: read `.kind`.")


@dataclass
class Entry:
    """One check with what the library makes of it."""

    check: Check
    evaluation: Evaluation | None
    """None for a law."""
    party: Party | None
    lines: Lines
    seconds: float
    verdict: Verdict | None = field(default=None)
    """Ours, once it was needed."""


class Ground:
    """One op with its checks against the truth."""

    def __init__(self, op: str, table: Table):
        self.op, self.pair, self.row = op, catalogue()[op], table.rows.get(op)
        self.kept = TruthCache(op)
        self.ours = library(self.pair)
        self.checks = _in_order([c for c in checks_of(op) if c.reference == "truth"])
        self._entries: dict[int, Entry] = {}
        codes()
        self._at_load = lines_at_load(self.pair)

    def save(self) -> None:
        """Keep the truths that were found."""
        self.kept.save()

    # -- the library itself ----------------------------------------------------------------------------------------------------
    def entry(self, place: int) -> Entry:
        """A check with what the library makes of it, and which of its lines run."""
        if place not in self._entries:
            self._entries[place] = self._made(self.checks[place])
        return self._entries[place]

    def _made(self, check: Check) -> Entry:
        started = time.process_time()
        if check.direction == "distribution":
            verdict, lines = traced(lambda: law_verdict(self.pair, check, self.row, self.ours))
            return Entry(check, None, None, lines, time.process_time() - started, verdict)
        try:
            e = prepare(self.pair, case_of(self.op, check.hazard, check.dtype, check.direction), check.dtype, check.direction)
        except Exception as error:  # a check that cannot be asked finds nothing
            return Entry(check, None, None, frozenset(), 0.0, internal(check, error))
        party, lines = traced(lambda: ask(e, self.ours))
        return Entry(check, e, party, lines, time.process_time() - started)

    # -- a mutant --------------------------------------------------------------------------------------------------------------
    def outcome(self, mutant: Mutant) -> Outcome:
        """Ask the checks, batch after batch, until one finds the mutant."""
        ran = changed = 0
        for batch in batches(len(self.checks)):
            mine = [i for i in batch if self._runs(mutant, self.entry(i))]
            if not mine:
                continue
            found = self._asked(mutant, mine)
            if found.kind == "killed":
                return replace(found, ran=ran + found.ran, changed=changed + found.changed)
            ran, changed = ran + len(mine), changed + found.changed
        return Outcome("alive", ran=ran, changed=changed)

    def _runs(self, mutant: Mutant, entry: Entry) -> bool:
        """Whether a check depends on the changed lines."""
        if mutant.lines is None:
            return True
        mine = {(mutant.file, line) for line in range(mutant.lines[0], mutant.lines[1] + 1)}
        return not mine.isdisjoint(entry.lines) or not mine.isdisjoint(self._at_load)

    def _asked(self, mutant: Mutant, places: Sequence[int]) -> Outcome:
        limit = SECONDS + TIMES * sum(self.entry(i).seconds for i in places)
        with Child(lambda connection: self._compare(connection, mutant, places), limit) as child:
            changed = 0
            while True:
                word, *rest = child.receive()
                if word == "same":
                    return Outcome("alive", ran=len(places), changed=changed)
                if word in ("died", "import"):
                    return Outcome("killed", rest[0] if word == "died" else "import", rest[-1], len(places), changed)
                if word == "failed":
                    raise RuntimeError(f"The process of {mutant.id} failed:\n{rest[0]}")
                place, party = rest
                verdict = party if isinstance(party, Verdict) else self._judged(place, party)
                if verdict.status == "violated" and self._is_held(place):
                    return Outcome(
                        "killed", verdict.check.id, f"{verdict.stage} {verdict.message}".strip(), len(places), changed
                    )
                changed += 1
                child.send("go on")

    def _judged(self, place: int, party: Party) -> Verdict:
        entry = self.entry(place)
        assert entry.evaluation is not None
        try:
            e = find_truth(entry.evaluation, self.kept)
        except Exception as error:  # a check without a truth finds nothing
            return Verdict(entry.check, "skipped", message=str(error))
        return judge(replace(e, parties={"ours": structured(e, party)}), entry.check, self.row, self.ours)

    def _is_held(self, place: int) -> bool:
        """Whether the library itself passes the check here; one that it does not pass finds nothing."""
        entry = self.entry(place)
        if entry.verdict is None:
            assert entry.party is not None
            entry.verdict = self._judged(place, entry.party)
        return entry.verdict.status != "violated"

    # -- in the child ----------------------------------------------------------------------------------------------------------
    def _compare(self, connection: Connection, mutant: Mutant, places: Sequence[int]) -> None:
        """Send what differs, the most different first, each time the answer is to go on."""
        put_in_place(mutant)
        try:
            mine = library(self.pair)
        except Exception as error:
            connection.send(("import", f"{type(error).__name__}: {error}"))
            return
        found: list[tuple[float, int, Any]] = []
        for i in places:
            entry = self.entry(i)
            if entry.evaluation is None:
                verdict = law_verdict(self.pair, entry.check, self.row, mine)
                found += [(np.inf, i, verdict)] if verdict.status != "held" else []
                continue
            party = ask(replace(entry.evaluation, parties={}), mine)
            distance = distance_of(entry.party, party)
            found += [(distance, i, party)] if distance else []
        for _, i, party in sorted(found, key=lambda f: (-f[0], f[1])):
            _send(connection, i, party)
            connection.recv()
        connection.send(("same",))


def _send(connection: Connection, place: int, party: Any) -> None:
    try:
        connection.send(("changed", place, party))
    except (TypeError, AttributeError, ValueError):  # what was returned cannot leave the process
        connection.send(("changed", place, Party(error="returned what is no array", error_type="structure")))


# -- order ---------------------------------------------------------------------------------------------------------------------
def _in_order(checks: list[Check]) -> list[Check]:
    """The ordinary case, then all others mixed, so that a few of them show most of what an op does; laws come last."""
    mixed = sorted(checks, key=lambda c: c.id)
    random.Random(0).shuffle(mixed)
    return sorted(mixed, key=lambda c: (c.direction == "distribution", (c.hazard, c.dtype) != ("ordinary", "float64")))


def batches(count: int) -> Iterator[range]:
    """The places of the checks, in batches that grow."""
    start, size = 0, FIRST_BATCH
    while start < count:
        yield range(start, min(start + size, count))
        start, size = start + size, 4 * size


# -- lines ---------------------------------------------------------------------------------------------------------------------
def traced(run: Callable[[], Any]) -> tuple[Any, Lines]:
    """What a call returns, and the lines of the library that it ran."""
    seen: set[tuple[str, int]] = set()
    prefix = str(Path(importlib.import_module(PACKAGE).__file__ or "").parent)

    def local(frame: Any, event: str, _: Any) -> Any:
        if event == "line":
            seen.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    def called(frame: Any, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(prefix):
            return None
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    before = sys.gettrace()
    sys.settrace(called)
    try:
        return run(), frozenset((PACKAGE + name[len(prefix) :], line) for name, line in seen)
    finally:
        sys.settrace(before)


def lines_at_load(pair: Pair) -> Lines:
    """The lines that run while the library is loaded for an op, found in a process that loads it anew."""

    def body(connection: Connection) -> None:
        put_in_place(None)
        connection.send(traced(lambda: library(pair))[1])

    with Child(body, TIMES) as child:
        found = child.receive()
    if not isinstance(found, frozenset):
        raise RuntimeError(f"{pair.op} cannot be loaded: {found[-1]}")
    return found


# -- differences ---------------------------------------------------------------------------------------------------------------
def distance_of(old: Party | None, new: Party) -> float:
    """0 where both are the same to the bit, else how far apart they are, relatively; inf for all but other numbers."""
    assert old is not None
    if old.error or new.error:
        return 0.0 if (old.error, old.error_type) == (new.error, new.error_type) else np.inf
    if len(old.outputs) != len(new.outputs):
        return np.inf
    return max(map(_distance, old.outputs, new.outputs), default=0.0)


def _distance(a: Any, b: Any) -> float:
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        same = type(a) is type(b) and (a is b or repr(a) == repr(b))
        return 0.0 if same else np.inf
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return np.inf
    if a.tobytes() == b.tobytes():
        return 0.0
    with np.errstate(all="ignore"):
        x, y = a.astype(np.float64), b.astype(np.float64)
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        apart = np.where(same, 0.0, np.abs(x - y) / np.maximum(np.abs(x), np.abs(y)))
    return max(float(np.nan_to_num(apart, nan=2.0).max(initial=0.0)), 1e-300)
