"""What an upgrade changed: two runs of the suite, compared check by check.

Read the two files that `parity run --json FILE` wrote (`read_run`), or take two `RunResult`s, and `compare_runs` them.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.errors import ParityError
from parity.report.table import columns
from parity.results import RunResult, _p, _table
from parity.verdict import STATUSES, Check, Verdict

THRESHOLD = 0.01
SHOWN = 20
"""The rows of a list that a person is shown; JSON holds every one."""
WIDE = 128
"""A table wider than this is shown one row below the other."""
NAMED = 3
"""How many of the checks that appeared or vanished are named for each op."""
JUDGED = ("held", "violated", "cured")
"""The verdicts whose units are an error of the party; those of a known difference are compared check by check."""

TITLES = {
    "newly_violated": "newly violated",
    "newly_held": "newly held",
    "newly_skipped": "newly skipped",
    "known_new": "known differences that are new",
    "known_cured": "known differences that are cured",
    "known_changed": "known differences that return something else",
}
_LISTS = {
    "violated": "newly_violated",
    "held": "newly_held",
    "skipped": "newly_skipped",
    "known": "known_new",
    "cured": "known_cured",
}


# -- what is found -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Movement:
    """The worst error of one row (op, dtype, direction, party) in both runs, over the checks judged in both."""

    old: Verdict
    new: Verdict

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Op, dtype, direction and party."""
        return _row(self.new.check)

    @property
    def ratio(self) -> float:
        """New worst error over old: inf where it grew from zero or to infinity."""
        old, new = _size(self.old), _size(self.new)
        if old == new:
            return 1.0
        return new / old if old else math.inf


@dataclass(frozen=True)
class Change:
    """One check whose answer is another one; `old` is None where only the new run has the check."""

    old: Verdict | None
    new: Verdict


@dataclass(frozen=True)
class Comparison:
    """What changed between two runs: plain data, in a fixed order.  Read `.changed` and `.worse`.

    A check may be in two lists: a cured difference is a violation on the certified versions, and a check that appeared
    may violate.
    """

    old_versions: Mapping[str, str]
    new_versions: Mapping[str, str]
    threshold: float
    both: int
    """How many checks are in both runs."""
    violated_in_both: int
    moved: tuple[Movement, ...]
    """The rows whose worst error moved by more than the threshold, largest growth first."""
    moved_less: int
    """How many rows moved by no more than the threshold."""
    appeared: tuple[Verdict, ...]
    vanished: tuple[Verdict, ...]
    newly_violated: tuple[Change, ...]
    newly_held: tuple[Change, ...]
    newly_skipped: tuple[Change, ...]
    known_new: tuple[Change, ...]
    known_cured: tuple[Change, ...]
    known_changed: tuple[Change, ...]

    @property
    def worse(self) -> bool:
        """Whether a check violates its tolerance that did not before."""
        return len(self.newly_violated) > 0

    @property
    def changed(self) -> bool:
        """Whether there is anything to show, other versions aside."""
        return any((self.moved, self.appeared, self.vanished, *(getattr(self, name) for name in TITLES)))

    def __bool__(self) -> bool:
        raise TypeError("A Comparison has no truth value: read `.changed` or `.worse`.")

    def summary(self) -> str:
        """One line that counts everything."""
        less = f"{self.moved_less} rows moved by at most {_percent(self.threshold)}"
        if not self.changed:
            notes = [less] * (self.moved_less > 0)
            notes += [f"{self.violated_in_both} violated in both"] * (self.violated_in_both > 0)
            return ", ".join([f"no change in {self.both} checks", *notes]) + "."
        grown = sum(m.ratio > 1 for m in self.moved)
        parts = [f"{self.both} checks in both", f"{len(self.appeared)} appeared", f"{len(self.vanished)} vanished"]
        parts += [f"{len(self.moved)} rows moved ({grown} up, {len(self.moved) - grown} down)", less]
        parts += [f"{len(getattr(self, n))} {n.replace('_', ' ')}" for n in TITLES]
        return ", ".join([*parts, f"{self.violated_in_both} violated in both"]) + "."

    def to_json(self) -> str:
        """The whole comparison as JSON, the same bytes for the same runs."""
        data: dict[str, Any] = {
            "versions": {"old": dict(self.old_versions), "new": dict(self.new_versions)},
            "threshold": self.threshold,
            "counts": {"both": self.both, "violated_in_both": self.violated_in_both, "moved_less": self.moved_less},
            "moved": [_movement_data(m) for m in self.moved],
        }
        data |= {name: [_change_data(c) for c in getattr(self, name)] for name in TITLES}
        data |= {"appeared": [v.check.id for v in self.appeared], "vanished": [v.check.id for v in self.vanished]}
        return json.dumps(data | {"worse": self.worse, "summary": self.summary()}, indent=1, ensure_ascii=False) + "\n"

    def to_text(self) -> str:
        """The report for a terminal."""
        return "\n".join([line for s in _sections(self) for line in _text(s)] + [self.summary()]) + "\n"

    def to_markdown(self) -> str:
        """The report for a comment on a pull request."""
        lines = ["### What changed between two parity runs", ""]
        return "\n".join(lines + [line for s in _sections(self) for line in _markdown(s)] + [f"**{self.summary()}**"]) + "\n"

    def __repr__(self) -> str:
        return f"<parity diff: {self.summary()}>"

    def _repr_html_(self) -> str:
        tables = (_p(s.title) + _table(s.head, s.rows[:SHOWN]) + _p(s.more) for s in _sections(self))
        return "".join(tables) + _p(self.summary())


# -- comparing ---------------------------------------------------------------------------------------------------------
def compare_runs(old: RunResult, new: RunResult, threshold: float = THRESHOLD) -> Comparison:
    """What changed from `old` to `new`; worst errors that moved by no more than `threshold` (0.01: 1 %) are only counted."""
    if not 0 <= threshold < math.inf:
        raise ParityError(f"threshold {threshold} is no relative movement; give a number from 0 up, e.g. 0.01 for 1 %.")
    before, after = ({v.check: v for v in run} for run in (old, new))
    both = sorted(before.keys() & after.keys())
    rows = _movements([(before[c], after[c]) for c in both])
    moved = [m for m in rows if _moved(m.old, m.new, threshold)]
    return Comparison(
        old_versions=old.versions,
        new_versions=new.versions,
        threshold=threshold,
        both=len(both),
        violated_in_both=sum(before[c].status == after[c].status == "violated" for c in both),
        moved=tuple(sorted(moved, key=lambda m: (-m.ratio, -_size(m.new), m.row))),
        moved_less=sum(m.ratio != 1 for m in rows) - len(moved),
        appeared=tuple(after[c] for c in sorted(after.keys() - before.keys())),
        vanished=tuple(before[c] for c in sorted(before.keys() - after.keys())),
        **_answers(before, after, threshold),
    )


def _row(check: Check) -> tuple[str, str, str, str]:
    party = "ours" if check.reference == "truth" else check.reference
    return (check.op, check.dtype, check.direction, party)


def _size(v: Verdict) -> float:
    """The error as a number that can be compared: to the digits a file keeps, nan being no better than infinite."""
    return math.inf if math.isnan(v.units) else float(f"{v.units:.6g}")


def _moved(old: Verdict, new: Verdict, threshold: float) -> bool:
    """The same answer for both orders, and without dividing by an error of zero."""
    low, high = sorted((_size(old), _size(new)))
    return low < high and high > (1 + threshold) * low


def _movements(pairs: Iterable[tuple[Verdict, Verdict]]) -> list[Movement]:
    """One for each row.  Only checks judged in both count, so that a new hazard is not taken for a larger error."""
    rows: dict[tuple[str, ...], list[tuple[Verdict, Verdict]]] = {}
    for old, new in pairs:
        if old.status in JUDGED and new.status in JUDGED:
            rows.setdefault(_row(new.check), []).append((old, new))
    return [Movement(*(max(side, key=_size) for side in zip(*found, strict=True))) for found in rows.values()]


def _answers(before: Mapping[Check, Verdict], after: Mapping[Check, Verdict], threshold: float) -> dict[str, Any]:
    """The lists of TITLES."""
    found: dict[str, list[Change]] = {name: [] for name in TITLES}
    for check in sorted(after):
        change = Change(before.get(check), after[check])
        for name in _lists_of(change, threshold):
            found[name].append(change)
    return {name: tuple(changes) for name, changes in found.items()}


def _lists_of(change: Change, threshold: float) -> list[str]:
    """The lists that a check belongs to (none where its answer is the same)."""
    old, new = change.old, change.new
    if old is None:
        return ["newly_violated"] if new.status == "violated" else []
    if old.status == new.status:
        other = new.status == "known" and ((old.stage, old.message) != (new.stage, new.message) or _moved(old, new, threshold))
        return ["known_changed"] if other else []
    if old.status == "known" and (new.status == "held" or new.stage == "differs"):
        return ["newly_violated", "known_cured"] if new.status == "violated" else ["known_cured"]
    return [_LISTS[new.status]]


# -- reading -----------------------------------------------------------------------------------------------------------
def read_run(path: str | Path) -> RunResult:
    """The run that `parity run --json FILE` wrote."""
    data = _read_json(path)
    rows, versions = (data.get("checks"), data.get("versions")) if isinstance(data, dict) else (None, None)
    if not isinstance(rows, list) or not isinstance(versions, dict):
        raise _foreign(path, "it has no `versions` and `checks`")
    verdicts = [_verdict(path, n, row) for n, row in enumerate(rows, 1)]
    if not verdicts:
        raise _foreign(path, "it holds no checks")
    twice = [c.id for c, n in Counter(v.check for v in verdicts).items() if n > 1]
    if twice:
        raise _foreign(path, f"it holds {twice[0]} twice")
    return RunResult(tuple(verdicts), {str(name): str(v) for name, v in versions.items()})


def compare_files(old: str | Path, new: str | Path, threshold: float = THRESHOLD) -> Comparison:
    """`compare_runs` of two files; files that share no check are refused, since nothing was compared."""
    found = compare_runs(read_run(old), read_run(new), threshold)
    if not found.both:
        raise ParityError(
            f"{str(old)!r} and {str(new)!r} share no check ({len(found.vanished)} and {len(found.appeared)} of their own); "
            "give two runs of the same ops, dtypes and references."
        )
    return found


def _read_json(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as e:
        raise ParityError(
            f"{str(path)!r} cannot be read ({e.strerror}); give a file written by `parity run --json FILE`."
        ) from None
    except (ValueError, RecursionError) as e:
        raise ParityError(
            f"{str(path)!r} is not whole JSON ({e}); give a file written by `parity run --json FILE`, or write it again."
        ) from None


def _foreign(path: str | Path, what: str) -> ParityError:
    return ParityError(f"{str(path)!r} is no run of the suite: {what}; give a file written by `parity run --json FILE`.")


def _verdict(path: str | Path, n: int, row: Any) -> Verdict:
    try:
        check = Check.parse(row["id"])
        if row["status"] not in STATUSES or any(row[k] != v for k, v in check.__dict__.items()):
            raise ValueError
        units, budget = float(row["units"]), float(row["budget"])
        if min(units, budget) < 0:
            raise ValueError
        text = (str(row["stage"]), str(row.get("message", "")))
        return Verdict(check, row["status"], units, budget, *text, dict(row.get("detail", {})))
    except (KeyError, TypeError, ValueError, AttributeError, ParityError):
        raise _foreign(path, f"entry {n} of its `checks` is no verdict") from None


# -- showing -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Section:
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    @property
    def more(self) -> str:
        """The sentence for the rows that are not shown."""
        return f"... and {len(self.rows) - SHOWN} more; `--json` holds them all." if len(self.rows) > SHOWN else ""


def _sections(c: Comparison) -> Iterator[_Section]:
    """What there is to show, without the lists that are empty."""
    moved = f"worst errors that moved by more than {_percent(c.threshold)}: {len(c.moved)}"
    found = [
        _Section("versions", ("", "old", "new", ""), _version_rows(c)),
        _Section(moved, ("op", "dtype", "direction", "party", "old", "at", "new", "at", "ratio"), _moved_rows(c)),
    ]
    for name, title in TITLES.items():
        rows = [(x.new.check.id, _told(x.old, x.new.message), _told(x.new)) for x in getattr(c, name)]
        found.append(_Section(f"{title}: {len(rows)}", ("check", "old", "new"), rows))
    for title, vs in (("appeared", c.appeared), ("vanished", c.vanished)):
        head = ("op", "checks", "status", "the first of them")
        found.append(_Section(f"checks that {title}: {len(vs)}", head, _op_rows(vs)))
    return (s for s in found if s.rows)


def _version_rows(c: Comparison) -> list[tuple[str, ...]]:
    names = dict.fromkeys((*c.old_versions, *c.new_versions))
    both = [(name, c.old_versions.get(name, "-"), c.new_versions.get(name, "-")) for name in names]
    return [(name, old, new, "changed" if old != new else "") for name, old, new in both]


def _moved_rows(c: Comparison) -> list[tuple[str, ...]]:
    def end(v: Verdict) -> tuple[str, str]:
        return (f"{v.units:.3g}", v.check.hazard)

    return [(*m.row, *end(m.old), *end(m.new), f"{m.ratio:.3g}") for m in c.moved]


def _op_rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    ops: dict[str, list[Verdict]] = {}
    for v in verdicts:
        ops.setdefault(v.check.op, []).append(v)
    return [(op, str(len(vs)), *_told_together(op, vs)) for op, vs in ops.items()]


def _told_together(op: str, verdicts: Sequence[Verdict]) -> tuple[str, str]:
    statuses = ", ".join(f"{n} {status}" for status, n in sorted(Counter(v.status for v in verdicts).items()))
    names = [v.check.id.removeprefix(f"{op}-") for v in verdicts[:NAMED]] + ["..."] * (len(verdicts) > NAMED)
    return statuses, ", ".join(names)


def _told(v: Verdict | None, said: str = "") -> str:
    """A verdict in a few words, without a message that is said elsewhere."""
    if v is None:
        return "absent"
    because = f": {v.message}" if v.message not in ("", said) else ""
    if v.status == "skipped":
        return v.status + because
    # The budget says nothing where the table lists a difference.
    allowed = f" of {v.budget:.4g}" if math.isfinite(v.budget) and v.status != "known" else ""
    stage = "" if v.status == "held" else f" ({v.stage})"
    return f"{v.status}, {v.units:.4g}{allowed} units{stage}{because}"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _text(s: _Section) -> Iterator[str]:
    table = columns([s.head, *s.rows[:SHOWN]])
    yield s.title
    for line in table if max(map(len, table)) <= WIDE else _stacked(s):
        yield f"  {line}"
    if s.more:
        yield f"  {s.more}"
    yield ""


def _stacked(s: _Section) -> Iterator[str]:
    label = max(map(len, s.head[1:])) + 1
    for first, *rest in s.rows[:SHOWN]:
        yield first
        yield from (f"  {name + ':':<{label}} {cell}" for name, cell in zip(s.head[1:], rest, strict=True))


def _markdown(s: _Section) -> Iterator[str]:
    def line(cells: Iterable[str]) -> str:
        # A bar would end the cell, and a check's name must not turn into emphasis or a mention.
        return "| " + " | ".join(f"`{c.replace('|', '/').replace('`', '')}`" if c else " " for c in cells) + " |"

    yield f"**{s.title}**"
    yield ""
    yield "| " + " | ".join(h or " " for h in s.head) + " |"
    yield "| " + " | ".join("---" for _ in s.head) + " |"
    yield from map(line, s.rows[:SHOWN])
    yield from ["", s.more] if s.more else []
    yield ""


def _movement_data(m: Movement) -> dict[str, Any]:
    ends = {side: {k: v.as_dict()[k] for k in ("units", "hazard", "budget")} for side, v in (("old", m.old), ("new", m.new))}
    row = dict(zip(("op", "dtype", "direction", "party"), m.row, strict=True))
    return row | ends | {"ratio": float(f"{m.ratio:.6g}") if math.isfinite(m.ratio) else str(m.ratio)}


def _change_data(c: Change) -> dict[str, Any]:
    return {"id": c.new.check.id, "old": None if c.old is None else c.old.as_dict(), "new": c.new.as_dict()}
