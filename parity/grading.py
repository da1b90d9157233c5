"""Is my implementation right?  A candidate is asked at every case of an op and gets a grade per dtype and direction.

The candidate is asked first, and only then is the truth of that input found (`judging.py` compares the two); whoever
answers, in this process or in one of its own, is an `Asker`.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from parity.cases import Case
from parity.errors import ParityError
from parity.evaluate import Evaluation, Implementation, Party, ask, find_truth, library, prepare
from parity.judging import GRADES, Judge, Seen
from parity.loader import catalogue, select
from parity.oracle import OracleError
from parity.pair import Pair
from parity.placing import missing_option, optional, without
from parity.results import Grade, ValidationResult
from parity.runner import case_of, checks_of, failure_detail, gap
from parity.statistics import law_verdict
from parity.tolerances import Table, read_table
from parity.verdict import Check, Verdict

Source = Callable[[str, str, str, str], Evaluation]


class Asker(Protocol):
    """Whoever answers for the candidate."""

    directions: tuple[str, ...]

    def lacks(self, pair: Pair, case: Case, direction: str) -> str:
        """What the candidate cannot be asked in this case ("has no option `axis`"); "" where it can."""
        ...

    def ask(self, e: Evaluation) -> Party:
        """The candidate's answer; `e` holds no truth yet."""
        ...

    def lacking(self, direction: str) -> tuple[str, ...]:
        """The arrays that the candidate has no parameter for, and the op can do without."""
        ...

    def tired(self, dtype: str, direction: str) -> str:
        """Why the rest of a dtype and direction is not asked; "" where it is."""
        ...

    def function(self, direction: str) -> Callable[..., Any]:
        """The candidate as a Python function."""
        ...


class InProcess:
    """A candidate that is called in this process: quick, and trusted not to crash or cheat."""

    def __init__(self, forward: Callable[..., Any] | None, backward: Callable[..., Any] | None):
        self.candidate = Implementation(forward, backward)
        self.directions = tuple(d for d, f in (("forward", forward), ("backward", backward)) if f is not None)

    def lacks(self, pair: Pair, case: Case, direction: str) -> str:
        """The option of this case that the candidate has no parameter for, if any."""
        fn = self.candidate.forward if direction == "forward" else self.candidate.backward
        try:
            parameters = inspect.signature(fn).parameters if fn is not None else {}
        except (TypeError, ValueError):
            return ""
        return "" if pair.has_own_call else missing_option(case.options, {n: p.kind.name for n, p in parameters.items()})

    def lacking(self, direction: str) -> tuple[str, ...]:
        """A function in this process is given every argument."""
        return ()

    def ask(self, e: Evaluation) -> Party:
        """What the function returns."""
        return ask(e, self.candidate)

    def tired(self, dtype: str, direction: str) -> str:
        """A function in this process never dies alone."""
        return ""

    def function(self, direction: str) -> Callable[..., Any]:
        """The function itself."""
        fn = self.candidate.forward if direction == "forward" else self.candidate.backward
        assert fn is not None
        return fn


def validate(
    forward: Callable[..., Any] | None,
    op: str,
    *,
    backward: Callable[..., Any] | None = None,
    dtypes: Iterable[str] = (),
    table: Table | None = None,
    name: str = "",
    source: Source | None = None,
    first_failure: bool = False,
) -> ValidationResult:
    """Grade `forward` (and `backward`), called in this process, as an implementation of `op`.

    `dtypes` are those to judge (default: all of the op's); one that the candidate refuses is counted as not covered.
    `source(op, hazard, dtype, direction)` may supply evaluations (to judge many candidates on one truth);
    `first_failure` stops at the first failed check of each dtype and direction.
    """
    (op,) = select([op])
    asker = InProcess(forward, backward)
    shown = name or getattr(forward or backward, "__name__", type(forward).__name__)
    grading = Grading(op, asker, read_table() if table is None else table, source, first_failure)
    grades = grading.grades(tuple(dtypes))
    return ValidationResult(op, shown, grades)


class Grading:
    """Grades one candidate as an implementation of one op.

    With a `seed` further inputs are drawn that nobody can have known, and the first ones are asked again at the end.
    """

    def __init__(
        self, op: str, asker: Asker, table: Table, source: Source | None = None, first_failure: bool = False,
        seed: int | None = None,
    ):  # fmt: skip
        if op not in table.rows:
            raise ParityError(f"{op} has no row in {table.path}, so there is nothing to judge it by; add one.")
        self.pair, self.row = getattr(asker, "pair", catalogue()[op]), table.rows[op]
        self.asker, self.source, self.first_failure, self.seed = asker, source, first_failure, seed
        self.judge = Judge(self.pair, self.row)
        self.failed: list[tuple[Check, Seen]] = []
        """Every failed check, with what was seen."""
        self.covered: dict[str, dict[str, None]] = {}
        """Every option that was asked for, with its values as text."""

    def grades(self, dtypes: Sequence[str] = ()) -> tuple[Grade, ...]:
        """The grade of each dtype and direction, and of each law of a stochastic op."""
        grades = [self._grade(dtype, d) for dtype in dtypes or self.pair.dtypes for d in self.asker.directions]
        if self.pair.laws and "forward" in self.asker.directions:
            grades.append(self._distribution())
        return tuple(grades)

    def checks(self, dtype: str, direction: str) -> list[tuple[Check, Case]]:
        """Every check of one dtype and direction, against the truth, with its case (without arrays that it cannot be given)."""
        wanted = (dtype, direction, "truth")
        found = [c for c in checks_of(self.pair.op) if (c.dtype, c.direction, c.reference) == wanted]
        lacking = self.asker.lacking(direction)
        known = [(c, case_of(c.op, c.hazard, dtype, direction)) for c in found]
        known = [(c, without(self.pair, case, lacking) or case) for c, case in known]
        askable = [case for _, case in known if set(lacking) <= set(case.absent)]
        if self.seed is None or not askable:
            return known
        fresh = fresh_cases(askable, self.seed)
        return known + [(Check(self.pair.op, dtype, direction, "truth", c.name), c) for c in fresh]

    def _grade(self, dtype: str, direction: str) -> Grade:
        held: list[tuple[str, Verdict]] = []
        missing: list[str] = []
        for check, case in self.checks(dtype, direction):
            reason = self.asker.lacks(self.pair, case, direction) or self.asker.tired(dtype, direction)
            if reason:
                missing.append(f"{check.hazard}: {reason}")
                continue
            try:
                seen = self.seen(check, case)
            except OracleError as e:  # an own op's referee has no answer to this input
                missing.append(f"{check.hazard}: {e}")
                continue
            if check.hazard == "ordinary" and refuses(seen.party, dtype):
                return Grade(dtype, direction, "not covered", 0, None, (), (f"{dtype}: {seen.party.error}",))
            reason = self.not_covered(check, seen)
            if reason:
                missing.append(f"{check.hazard}: {reason}")
                continue
            for name, value in case.options.items():
                self.covered.setdefault(name, {})[repr(value)] = None
            held.append((seen.judged.grade, self.verdict(check, seen)))
            if seen.judged.grade == "fail":
                self.failed.append((check, seen))
                if self.first_failure:
                    break
        return _graded(dtype, direction, held, missing)

    def _distribution(self) -> Grade:
        reason = self.cannot_sample()
        if reason:
            return Grade("float64", "distribution", "not covered", 0, None, (), (reason,))
        sampler = Implementation(self.asker.function("forward"), None)
        laws = [c for c in checks_of(self.pair.op) if c.direction == "distribution"]
        verdicts = [law_verdict(self.pair, c, self.row, sampler) for c in laws]
        return _graded("float64", "distribution", [("tight" if v.status == "held" else "fail", v) for v in verdicts], [])

    def cannot_sample(self) -> str:
        """Why the candidate cannot draw samples from a generator that it is given; "" where it can."""
        lost = [n for n in self.asker.lacking("forward") if n not in optional(self.pair)]
        return f"has no parameter `{lost[0]}`" if lost else ""

    def seen(self, check: Check, case: Case, own: bool = False) -> Seen:
        """Ask the candidate, then find the truth, then judge; `own` means that the case is none of the suite's."""
        if self.source is not None and not own:
            e = self.source(check.op, check.hazard, check.dtype, check.direction)
            return self.judge.see(e, self.asker.ask(dataclasses.replace(e)))
        e = prepare(self.pair, case, check.dtype, check.direction)
        party = self.asker.ask(e)
        return self.judge.see(find_truth(e), party)

    def observe(self, case: Case, dtype: str, direction: str) -> Seen | None:
        """What the candidate makes of a case that is none of the suite's; None where the op has no answer to it."""
        try:
            return self.seen(Check(self.pair.op, dtype, direction, "truth", case.name), case, own=True)
        except OracleError:
            return None
        except Exception:  # the definition refuses this input (its shapes do not fit), or has no case for it
            return None

    def not_covered(self, check: Check, seen: Seen) -> str:
        """Why an answer is none that could be graded: it lacks the option, or it has no kernel for the dtype where a reference
        is listed as having none either; "" where it is graded.
        """
        e, party = seen.evaluation, seen.party
        if party.error_type == "NoOption":
            return party.error
        for name in self.judge.references(e.direction, e.dtype) if refuses(party, e.dtype) else ():
            reason = gap(self.pair, dataclasses.replace(check, reference=name, hazard=e.case.origin or e.case.name))
            if reason:
                return reason
        return ""

    def verdict(self, check: Check, seen: Seen) -> Verdict:
        """The verdict of one check; a failure with what everybody else returns there."""
        outcome, budget = seen.judged.outcome, seen.judged.budget
        if seen.judged.grade != "fail":
            return Verdict(check, "held", outcome.units, budget)
        return Verdict(check, "violated", outcome.units, budget, outcome.stage, outcome.message, self.detail(seen))

    def detail(self, seen: Seen) -> dict[str, Any]:
        """What the candidate returned, beside what everybody else returns there."""
        e, outcome, ours = seen.evaluation, seen.judged.outcome, library(self.pair)
        mine = dataclasses.replace(e, parties={"ours": seen.party})
        detail = {"got" if k == "ours" else k: v for k, v in failure_detail(mine, outcome, "ours", ours).items()}
        if not self.first_failure:
            for name in ("ours", *self.judge.references(e.direction, e.dtype)):
                e.party(name, ours)
            others = failure_detail(e, outcome, "ours", ours)
            detail |= {k: others[k] for k in ("ours", "torch", "scipy", "truth") if k in others}
        return detail


FRESH = 3
"""Fresh inputs of the ordinary kind in each dtype and direction; as many others are drawn from the hazards and options."""


def fresh_cases(cases: Sequence[Case], seed: int) -> list[Case]:
    """Cases with random bits that nobody knows before `seed` is drawn; then the ordinary one again, as it was at first."""
    drawn = [c for c in cases if c.stored is None and not c.layout and not c.name.startswith("every_")]
    rng = np.random.Generator(np.random.PCG64(seed))
    chosen = [cases[0]] * FRESH + [drawn[i] for i in rng.choice(len(drawn), min(FRESH, len(drawn)), replace=False)]
    fresh = [
        dataclasses.replace(c, name=f"fresh{i}_{c.name}", origin=c.origin or c.name, salt=f"/{seed}/{i}")
        for i, c in enumerate(chosen, 1)
    ]
    return [*fresh, dataclasses.replace(cases[0], name="again_ordinary", origin=cases[0].origin or cases[0].name)]


NARROW = ("float16", "bfloat16")
NAMES = {
    "float64": "float64|[Dd]ouble",
    "float32": r"float32|Float\b|[Ss]ingle",
    "float16": "float16|[Hh]alf",
    "bfloat16": "[Bb][Ff]loat16",
}
"""What libraries call the dtypes."""
ANY_NAME = "|dtype|input type|data type|argument type|not implemented for|[Ll]ow precision"
"""How they refuse a narrow one without naming it."""
REFUSALS = ("TypeError", "NotImplementedError")
"""The exceptions by which they refuse a dtype; a narrow one also by these:"""
NARROW_REFUSALS = ("UFuncTypeError", "RuntimeError", "ValueError")
TYPING = ("TypingError", "NumbaTypeError", "NumbaValueError")
"""A compiler's, which are about types whatever they say."""


def refuses(party: Party, dtype: str) -> bool:
    """Whether a candidate says that it does not take this dtype (a wrong answer is no refusal, nor an error about others)."""
    said = re.sub(r"(tensor|array|Array)\([^()]*\)", "", party.error)  # an array that is shown names its dtype
    if dtype in NARROW:
        return party.error_type in TYPING or (
            party.error_type in REFUSALS + NARROW_REFUSALS and re.search(NAMES[dtype] + ANY_NAME, said) is not None
        )
    return party.error_type in REFUSALS and re.search(NAMES[dtype], said) is not None


def _graded(dtype: str, direction: str, held: list[tuple[str, Verdict]], missing: list[str]) -> Grade:
    if not held:
        return Grade(dtype, direction, "not covered", 0, None, (), tuple(missing))
    worst_grade = max((g for g, _ in held), key=GRADES.index)
    worst = max((v for g, v in held if g == worst_grade), key=lambda v: v.units if not math.isnan(v.units) else math.inf)
    failures = tuple(v for g, v in held if g == "fail")
    return Grade(dtype, direction, worst_grade, len(held), worst, failures, tuple(missing))
