"""Tests of one's own functions under pytest: what `parity.tests` makes, and what the plugin collects and runs."""

from __future__ import annotations

import difflib
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from parity.api import DTYPES, chosen
from parity.asking import Isolated, Raised
from parity.cases import Case
from parity.errors import CandidateCrashed, NothingSelected, ParityError
from parity.evaluate import Implementation, prepare
from parity.grading import FRESH, Grading, InProcess, refuses
from parity.isolation import Candidate, Guest, Limits, pickled
from parity.judging import Seen
from parity.loader import catalogue, select
from parity.results import Finding
from parity.runner import checks_of
from parity.statistics import law_verdict
from parity.tolerances import read_table
from parity.validation import SHOWN, finding, grouped, load_lines
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
@dataclass(frozen=True)
class Settings:
    """What a marker says; the fields are the keyword arguments of `parity.validate`."""

    op: str
    forward: Any
    backward: Any = None
    dtypes: Iterable[str] = ()
    directions: Iterable[str] = ()
    arrays: str = "auto"
    rename: Mapping[str, str] = field(default_factory=dict)
    forbid: Iterable[str] = ()
    python: str = ""
    timeout: float = 10.0
    memory: float = 4.0
    seed: int | None = None
    isolate: bool = True
    overlay: str | Path | None = None
    strict: bool = False

    @property
    def candidate(self) -> Candidate:
        """The function with all that is known about it."""
        return Candidate(
            self.forward, self.backward, self.arrays, dict(self.rename or {}), tuple(self.forbid), self.python
        )  # fmt: skip


def settings_of(args: Sequence[Any], given: Mapping[str, Any]) -> Settings:
    """The settings in the arguments of a marker, every one of them looked at."""
    known = [f.name for f in fields(Settings)]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1) or known
            raise ParityError(f"there is no setting {name!r}; did you mean {' or '.join(near)}?")
    named = {**dict(zip(known[:2], args, strict=False)), **given}
    if len(args) > 2 or not isinstance(named.get("op"), str) or named.get("forward") is None:
        raise ParityError(f"the marker needs an op and a function, and the rest by keyword: {EXAMPLE}.")
    s = Settings(**named)
    (op, *others) = select([s.op])
    if others:
        raise ParityError(f"{s.op!r} is a family of {1 + len(others)} ops; name one of them, e.g. {op}.")
    if not s.isolate and (isinstance(s.forward, str) or isinstance(s.backward, str)):
        raise ParityError("with isolate=False give the function itself, not its name.")
    return replace(
        s,
        op=op,
        dtypes=chosen("dtype", s.dtypes, DTYPES),
        directions=chosen("direction", s.directions, ("forward", "backward")),
        forbid=(s.forbid,) if isinstance(s.forbid, str) else tuple(s.forbid),
    )


def directions_of(s: Settings) -> tuple[str, ...]:
    """The directions that have tests.

    A gradient is tested where one is given or asked for, or where the function is one of torch's or JAX's; a function that
    is named by a string is not loaded to find that out.
    """
    if not catalogue()[s.op].differentiable:
        return ("forward",)
    if s.directions:
        return tuple(s.directions)
    return ("forward", "backward") if s.backward is not None or _differentiates_itself(s) else ("forward",)


def _differentiates_itself(s: Settings) -> bool:
    if isinstance(s.forward, str) or not s.isolate:
        return s.isolate and s.arrays in ("torch", "jax")
    from parity.guest.calling import Candidate as Called

    return bool(Called(s.forward, None, s.arrays, dict(s.rename or {})).backward_kind())


def listed(s: Settings, grading: Grading) -> dict[str, tuple[Check, Case | None]]:
    """Every check by the name of its test.

    Which hazards the fresh inputs are drawn from depends on the seed, the names do not: they are the same in every run.
    """
    found: dict[str, tuple[Check, Case | None]] = {}
    directions = directions_of(s)
    for dtype in [d for d in s.dtypes or grading.pair.dtypes if d in grading.pair.dtypes]:
        for direction in directions:
            for check, case in grading.checks(dtype, direction):
                found[f"{dtype}-{direction}-{_stable(check.hazard)}"] = (check, case)
    if "forward" in directions:
        laws = [c for c in checks_of(s.op) if c.direction == "distribution"]
        found |= {f"{c.dtype}-distribution-{c.hazard}": (c, None) for c in laws}
    return found


def _stable(hazard: str) -> str:
    drawn = re.match(r"fresh(\d+)_", hazard)
    return f"fresh{drawn[1]}_drawn" if drawn and int(drawn[1]) > FRESH else hazard


def names_of(s: Settings) -> list[str]:
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

    def __init__(self, settings: Settings, module: ModuleType | None, seed: int):
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
            return self._law(check) if case is None else self._judged(check, case)
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
            self.guest = Guest(given, Limits(s.timeout, int(s.memory * 2**30)))
            self.asker: Any = Isolated(self.guest, catalogue()[s.op])
        else:
            self.asker = InProcess(s.forward, s.backward)
        self.grading = Grading(s.op, self.asker, read_table(None, s.overlay), seed=self.seed)
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
        if seen.judged.grade != "tight" and self.settings.strict:
            units, own = seen.judged.outcome.units, self.grading.row.budget("ours", check.direction, check.dtype)
            return Outcome("failed", f"{units:.4g} units of u*scale: at parity, but strict asks for {own} at most.")
        return Outcome()

    def _not_asked(self, check: Check, case: Case) -> str:
        """Why the function is not asked: it has no such option, does not take the dtype, or has died too often."""
        reason = self.asker.lacks(self.grading.pair, case, check.direction)
        if reason or check.direction not in self.asker.directions:
            return reason or f"has no {check.direction}"
        first = self._first(check.dtype, check.direction)
        if refuses(first.party, check.dtype):
            return f"{check.dtype}: {first.party.error}"
        return "" if check.hazard == "ordinary" else self.asker.tired(check.dtype, check.direction)

    def _first(self, dtype: str, direction: str) -> Seen:
        """What it makes of the ordinary input, which is asked once: it tells whether the dtype is taken at all."""
        if (dtype, direction) not in self._ordinary:
            check, case = self._checks[f"{dtype}-{direction}-ordinary"]
            assert case is not None
            self._ordinary[dtype, direction] = self.grading.seen(check, case)
        return self._ordinary[dtype, direction]

    def _seen(self, check: Check, case: Case) -> Seen:
        self._asked.add(check.id)
        if check.hazard == "ordinary":
            return self._first(check.dtype, check.direction)
        return self.grading.seen(check, case)

    def _law(self, check: Check) -> Outcome:
        reason = self.grading.cannot_sample()
        if reason:
            return Outcome("skipped", reason)
        sampler = Implementation(self.asker.function("forward"), None)
        try:
            verdict = law_verdict(self.grading.pair, check, self.grading.row, sampler)
        except (Raised, CandidateCrashed) as e:
            return Outcome("failed", str(e))
        return Outcome() if verdict.status == "held" else Outcome("failed", "", Finding(verdict, (check.id,)))

    def _explained(self, check: Check, seen: Seen) -> Outcome:
        """The failure as `parity validate` shows it: made small, with its cause, where it is the first of its kind."""
        groups = grouped(self.grading.failed)
        alike = next(g for g in groups.values() if any(c is check for c, _ in g))
        full = len(alike) == 1 and len(groups) <= SHOWN
        pair, table = self.grading.pair, read_table(None, self.settings.overlay)
        # Another asker: the experiments count neither as deaths nor as conduct.
        aside: Any = Isolated(self.guest, pair) if full and self.guest is not None else self.asker
        grading = Grading(pair.op, aside, table, seed=self.seed)
        grading.failed = self.grading.failed
        found = finding(grading, (), [(check, seen)], self._load, full, seconds=3.0)
        return Outcome("failed", "", found, "" if len(alike) == 1 else _short(alike[0][0]))

    def _load(self, direction: str) -> str:
        s = self.settings
        given = s.forward if direction == "forward" or s.backward is None else s.backward
        return path_line(given) + load_lines(s.candidate, self.asker)(direction)

    # -- conduct ---------------------------------------------------------------------------------------------------------------
    def _conduct(self) -> Outcome:
        """What it does besides returning numbers, at every input; those that other workers judge are asked here too."""
        asked = 0
        for check, case in self._checks.values():
            if case is None or self._not_asked(check, case):
                continue
            asked += 1
            if check.id not in self._asked:
                self._asked.add(check.id)
                self.asker.ask(prepare(self.grading.pair, case, check.dtype, check.direction))
        if not asked:
            return Outcome("failed", f"nothing could be judged: {next(self._reasons(), 'it has no checks')}.")
        remarks = self.asker.conduct()
        failing = [_remark(r) for r in remarks if r.fails or self.settings.strict]
        notes = (*self._unjudged(), *(_remark(r) for r in remarks if not (r.fails or self.settings.strict)))
        return Outcome("failed" if failing else "passed", "\n".join(failing), notes=notes)

    def _reasons(self) -> Iterator[str]:
        return (self._not_asked(check, case) for check, case in self._checks.values() if case is not None)

    def _unjudged(self) -> tuple[str, ...]:
        differs = "backward" in self.asker.directions and not self.settings.directions
        if differs and "backward" not in directions_of(self.settings):
            return ('its gradient was not judged; say directions=("forward", "backward"), or arrays="torch" or "jax".',)
        return ()


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
