"""Tests of one's own functions under pytest: what `parity.tests` makes, and what the plugin collects and runs."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from parity.asking import Isolated
from parity.candidate.counting import Cell
from parity.candidate.grade import GRADES, Seen
from parity.candidate.questions import FRESH, refuses
from parity.cases import Case
from parity.causes.groups import Group, grouped
from parity.errors import NothingSelected, ParityError
from parity.evaluate import prepare
from parity.grading import Grading, InProcess
from parity.isolation import Guest, pickled
from parity.loader import catalogue
from parity.request import Validation, validation
from parity.results import Finding
from parity.statistics import law_checks
from parity.tolerances import read_table
from parity.validation import SHOWN, cause_of, directions_left_out, finding, load_lines
from parity.verdict import Check

CONDUCT = "conduct"
"""The name of each function's last test: what it does besides returning numbers."""
KEPT = 4
"""Functions whose processes stay alive at the same time; that of another is started again when it is needed."""
EXAMPLE = '@pytest.mark.parity("activations.softmax", forward=my_softmax)'


def tests(op: str, forward: Callable[..., Any] | str, **settings: Any) -> Callable[..., None]:
    """The tests of `forward` as an implementation of `op`, one for each check, for pytest to collect.

    Write `test_softmax = parity.tests("activations.softmax", my_softmax, backward=my_softmax_backward)` in a test module.
    `settings` are the keyword arguments of `parity.validate`; with `strict=True` a check passes within our own budget only,
    and every remark on the function's conduct fails.
    """
    import pytest

    def test(parity_check: Callable[[], None]) -> None:
        parity_check()

    caller = sys._getframe(1)  # so that pytest shows the line where the tests are asked for, not this one
    test.__code__ = test.__code__.replace(co_filename=caller.f_code.co_filename, co_firstlineno=caller.f_lineno)
    return pytest.mark.parity(op, forward, **settings)(test)


tests.__test__ = False  # type: ignore[attr-defined] - its name begins with "test"


# -- what is asked for ---------------------------------------------------------------------------------------------------------
def settings_of(args: Sequence[Any], given: Mapping[str, Any]) -> Validation:
    """The request in the arguments of a marker."""
    named = {**dict(zip(("op", "forward"), args, strict=False)), **given}
    if len(args) > 2 or not isinstance(named.get("op"), str) or named.get("forward") is None:
        raise ParityError(f"the marker needs an op and a function, and the rest by keyword: {EXAMPLE}.")
    return validation(**named)


def directions_of(s: Validation) -> tuple[str, ...]:
    """The directions that have tests: those asked for, or all that the op has.

    Whether the candidate has a gradient is known once it is loaded; where it has none, these tests are skipped and say so.
    """
    if not catalogue()[s.op].differentiable:
        return ("forward",)
    if s.directions:
        return s.directions
    return ("forward",) if not s.isolate and s.backward is None else ("forward", "backward")


def listed(s: Validation, grading: Grading) -> dict[str, tuple[Check, Any]]:
    """Every check by the name of its test, with its case, or with its law (a sampler's).

    Which hazards the fresh inputs are drawn from depends on the seed, the names do not: they are the same in every run.
    """
    found: dict[str, tuple[Check, Any]] = {}
    directions = directions_of(s)
    for dtype in [d for d in s.dtypes or grading.pair.dtypes if d in grading.pair.dtypes]:
        if grading.pair.laws:
            for law in (c for c in law_checks(grading.pair, dtype) if c.direction in directions):
                check = Check(s.op, dtype, "distribution", "truth", law.name)
                found[f"{dtype}-distribution-{law.name}"] = (check, law)
            continue
        for direction in directions:
            for check, case in grading.checks(dtype, direction):
                found[f"{dtype}-{direction}-{_stable(check.hazard)}"] = (check, case)
    return found


def _stable(hazard: str) -> str:
    drawn = re.match(r"fresh(\d+)_", hazard)
    return f"fresh{drawn[1]}_drawn" if drawn and int(drawn[1]) > FRESH else hazard


def names_of(s: Validation) -> list[str]:
    """The names of the tests, in their order; the last one is about conduct."""
    names = list(listed(s, Grading(s.op, InProcess(None, None), read_table(None, s.overlay), seed=0)))
    if not names:
        raise NothingSelected(f"{s.op} has no check in {', '.join(s.dtypes)}; its dtypes are {catalogue()[s.op].dtypes}.")
    return [*names, CONDUCT] if s.isolate else names


# -- what comes of it ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Outcome:
    """What came of one test: "passed", "skipped" or "failed", with the text or the finding."""

    status: str = "passed"
    text: str = ""
    finding: Finding | None = None
    like: str = ""
    """The test that failed in the same way before, and explains it."""
    notes: tuple[str, ...] = ()


class Tested:
    """One function under test, with its process and all that was seen of it in this session and on this worker."""

    def __init__(self, settings: Validation, module: ModuleType | None, seed: int):
        self.settings, self.seed, self.module = settings, seed, module
        self.guest: Guest | None = None
        self._broken = ""
        self._asked: set[str] = set()
        self._ordinary: dict[tuple[str, str], Seen] = {}

    def check(self, name: str) -> Outcome:
        """Make the check that a test is named after."""
        with warnings.catch_warnings():
            if self.settings.isolate:  # the filters of the user's suite are not meant for this engine, nor for torch
                warnings.simplefilter("ignore")
            return self._check(name)

    def _check(self, name: str) -> Outcome:
        try:
            self._open()
            if name == CONDUCT:
                return self._conduct()
            check, case = self._checks[name]
            return self._judged(check, case) if isinstance(case, Case) else self._law(check, case)
        except ParityError as e:  # it cannot be loaded: no test loads it again
            self._broken = self._broken or str(e)
            return Outcome("failed", self._broken)

    def _open(self) -> None:
        if self._broken:
            raise ParityError(self._broken)
        if hasattr(self, "grading"):
            return
        s = self.settings
        if s.isolate:
            given = replace(s.candidate, forward=self._by_value(s.forward), backward=self._by_value(s.backward))
            self.guest = Guest(given, s.limits)
            self.asker: Any = Isolated(self.guest, catalogue()[s.op])
        else:
            self.asker = InProcess(s.forward, s.backward)
        self.grading = Grading(
            s.op, self.asker, read_table(None, s.overlay), seed=self.seed, where=s.where, skip=s.skip
        )  # fmt: skip
        self._checks = listed(s, self.grading)

    def _by_value(self, what: Any) -> Any:
        return what if what is None or isinstance(what, str) else ByValue(what, self.module)

    def rest(self) -> None:
        """End the process; the next check starts another."""
        if self.guest is not None:
            self.guest.close()

    # -- numbers ---------------------------------------------------------------------------------------------------------------
    def _judged(self, check: Check, case: Case) -> Outcome:
        reason = self._not_asked(check, case)
        if reason:
            return Outcome("skipped", reason)
        seen = self._seen(check, case)
        reason = self.grading.not_covered(check, seen)
        if reason:
            return Outcome("skipped", reason)
        if seen.judged.grade == "fail":
            self.grading.failed.append((check, seen))
            return self._explained(check, seen)
        return self._within(seen.judged.grade, seen.judged.limits, seen.judged.outcome.units, check)

    def _within(self, grade: str, limits: Sequence[Any], units: float, check: Check) -> Outcome:
        """A check that is right, unless more is asked for."""
        notes, strict = tuple(f"limit: {x.sentence}" for x in limits), self.settings.strict
        if not strict:
            return Outcome(notes=notes)
        if limits:
            return Outcome("failed", f"{limits[0].sentence}: a limit, and strict allows none.")
        if GRADES.index(grade) > GRADES.index(strict):
            own = self.grading.row.budget("ours", check.direction, check.dtype)
            return Outcome(
                "failed", f"{units:.4g} units of u*scale: {grade}, but strict asks for {strict} (tight: {own} at most)."
            )
        return Outcome()

    def _not_asked(self, check: Check, case: Case) -> str:
        """Why the function is not asked: it has no such option, does not take the dtype, or has died too often."""
        if check.direction not in self.asker.directions:
            return f"has no {check.direction}: " + " ".join(directions_left_out(self.settings, self.asker))
        reason = self.grading.left_out(check, case)
        if reason:
            return reason
        first = self._first(check.dtype, check.direction)
        if refuses(first.party, check.dtype):
            return f"{check.dtype}: {first.party.error}"
        return "" if check.hazard == "ordinary" else self.asker.tired(check.dtype, check.direction)

    def _first(self, dtype: str, direction: str) -> Seen:
        """What it makes of the ordinary input, which is asked once: it tells whether the dtype is taken at all."""
        if (dtype, direction) not in self._ordinary:
            self._ordinary[dtype, direction] = self.grading.seen(*self._checks[f"{dtype}-{direction}-ordinary"])
        return self._ordinary[dtype, direction]

    def _seen(self, check: Check, case: Case) -> Seen:
        self._asked.add(check.id)
        if check.hazard == "ordinary":
            return self._first(check.dtype, check.direction)
        return self.grading.seen(check, case)

    def _law(self, check: Check, law: Any) -> Outcome:
        reason = self.grading.cannot_sample() or self.grading.law_left_out(law, check.dtype, law.direction)
        if reason or law.direction not in self.asker.directions:
            return Outcome("skipped", reason or f"has no {law.direction}")
        cell, verdict = Cell(check.dtype, "distribution"), self.grading.law(law, check.dtype)
        self.grading.take_law(cell, law, verdict)
        if cell.missing:
            return Outcome("skipped", cell.missing[0])
        if cell.failed:
            return Outcome("failed", "", Finding(verdict, (check.id,)))
        return self._within("tight", [limit for _, limit in cell.limits], verdict.units, check)

    def _explained(self, check: Check, seen: Seen) -> Outcome:
        """The failure as `parity validate` shows it: made small, with its cause, where it is the first of its kind."""
        groups = grouped(self.grading.failed)
        alike = next(g for g in groups if any(c is check for c, _ in g))
        full = len(alike) == 1 and len(groups) <= SHOWN
        pair, table = self.grading.pair, read_table(None, self.settings.overlay)
        # Another asker: the experiments count neither as deaths nor as conduct.
        aside: Any = Isolated(self.guest, pair) if full and self.guest is not None else self.asker
        grading = Grading(pair.op, aside, table, seed=self.seed)
        grading.failed = self.grading.failed
        group = Group(((check, seen),), cause_of(grading, (), check, seen) if full else "")
        found = finding(grading, group, self._load, full, seconds=3.0)
        first = next((c for c, _ in alike if c is not check), check)
        return Outcome("failed", "", found, "" if len(alike) == 1 else _short(first))

    def _load(self, direction: str, dtype: str) -> str:
        s = self.settings
        given = s.forward if direction == "forward" or s.backward is None else s.backward
        return path_line(given) + load_lines(s.candidate, self.asker)(direction, dtype)

    # -- conduct ---------------------------------------------------------------------------------------------------------------
    def _conduct(self) -> Outcome:
        """What it does besides returning numbers, at every input; those that other workers judge are asked here too."""
        asked = 0
        for check, case in self._checks.values():
            if not isinstance(case, Case) or self._not_asked(check, case):
                continue
            asked += 1
            if check.id not in self._asked:
                self._asked.add(check.id)
                self.asker.ask(prepare(self.grading.pair, case, check.dtype, check.direction))
        if not asked and not self.grading.pair.laws:
            return Outcome("failed", f"nothing could be judged: {next(self._reasons(), 'it has no checks')}.")
        remarks = self.asker.conduct()
        failing = [_remark(r) for r in remarks if r.fails or self.settings.strict]
        notes = (*self._unjudged(), *(_remark(r) for r in remarks if not (r.fails or self.settings.strict)))
        return Outcome("failed" if failing else "passed", "\n".join(failing), notes=notes)

    def _reasons(self) -> Iterator[str]:
        return (self._not_asked(check, case) for check, case in self._checks.values() if isinstance(case, Case))

    def _unjudged(self) -> tuple[str, ...]:
        return directions_left_out(self.settings, self.asker)


def _remark(r: Any) -> str:
    return f"it {r.text} ({r.times} time{'s' * (r.times > 1)}, first at {r.first})"


def _short(check: Check) -> str:
    return f"{check.dtype}-{check.direction}-{_stable(check.hazard)}"


class Keeper:
    """The functions under test of one session, the processes of the last few of them alive."""

    def __init__(self):
        self._tested: dict[tuple[str, str], Tested] = {}

    def tested(self, item: Any, seed: tuple[int, bool]) -> Tested:
        """What is known about the function of a test; `seed` is the session's, and whether the user gave it."""
        key = (item.parent.nodeid, item.originalname)
        found = self._tested.pop(key, None)
        if found is None:
            marker = item.get_closest_marker("parity")
            settings = settings_of(marker.args, marker.kwargs)
            own = seed[0] if seed[1] or settings.seed is None else settings.seed
            found = Tested(settings, getattr(item, "module", None), own)
        self._tested[key] = found
        for old in list(self._tested.values())[:-KEPT]:
            old.rest()
        return found

    def close(self) -> None:
        """End every process."""
        for tested in self._tested.values():
            tested.rest()


# -- functions of test modules -------------------------------------------------------------------------------------------------
class ByValue:
    """A function that is pickled with its code, for its process may not be able, and should not have, to import a test
    module.
    """

    def __init__(self, what: Any, module: ModuleType | None):
        import cloudpickle

        own = sys.modules.get(getattr(what, "__module__", None) or type(what).__module__)
        modules = [m for m in {module, own} if m is not None and (m is module or not _importable(m))]
        registered = cloudpickle.list_registry_pickle_by_value()
        modules = [m for m in modules if m.__name__ in sys.modules and m.__name__ not in registered]
        for m in modules:
            cloudpickle.register_pickle_by_value(m)
        try:
            self.blob = pickled(what)
        finally:
            for m in modules:
                cloudpickle.unregister_pickle_by_value(m)

    def __reduce__(self) -> Any:
        import pickle

        return pickle.loads, (self.blob,)


def _importable(module: ModuleType) -> bool:
    """Whether another process with the same path finds a module by its name (pytest's importlib mode hides some)."""
    name = module.__name__.partition(".")[0]
    return name in ("__main__", "builtins") or any(f.find_spec(name, None) is not None for f in sys.meta_path)


def path_line(given: Any) -> str:
    """The line of a program that lets it import a function's module wherever it is run; "" where none is needed."""
    parts = (getattr(given, "__module__", None) or "").split(".")
    file = Path(getattr(sys.modules.get(".".join(parts)), "__file__", None) or "")
    if file.with_suffix("").parts[-len(parts) :] != tuple(parts):
        return ""
    return f"sys.path.insert(0, {str(file.resolve().parents[len(parts) - 1])!r})\n"
