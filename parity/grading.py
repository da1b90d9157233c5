"""Is my implementation right?  A candidate is asked at every case of an op and gets a grade per dtype and direction.

The candidate is asked first, and only then is the truth of that input found (`parity.candidate.grade` compares the two);
whoever answers, in this process or in one of its own, is an `Asker`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from parity.candidate.counting import Cell, seen_limits
from parity.candidate.domain import Domain
from parity.candidate.grade import Judge, Seen
from parity.candidate.in_process import InProcess
from parity.candidate.laws import Laws
from parity.candidate.questions import fresh_cases, refuses
from parity.candidate.switches import switch_case
from parity.cases import Case, Stored, with_stored
from parity.errors import ParityError
from parity.evaluate import Evaluation, Party, find_beside, find_truth, library, prepare
from parity.inputs.cotangents import LAID_OUT
from parity.inputs.listing import EVERY
from parity.loader import catalogue, is_elementwise, own_ops, select
from parity.oracle import OracleError
from parity.pair import Pair
from parity.placing import without
from parity.results import Grade, Limit, ValidationResult
from parity.runner import among_hazards, case_of, checks_of, failure_detail, gap
from parity.tolerances import Table, read_table
from parity.truth.beside import AHEAD, Beside
from parity.truth.cache import TruthCache
from parity.verdict import Check, Verdict

FIRST_ASKED = "float32"
"""The dtype that is asked first: what a function makes then, and keeps, is too narrow for float64."""
LARGE = 16_384
"""Numbers beyond which an implementation may be too slow to be asked."""
Source = Callable[[str, str, str, str], Evaluation]
Progress = Callable[[int, int], None]


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
    where: str = "",
) -> ValidationResult:
    """Grade `forward` (and `backward`), called in this process, as an implementation of `op`.

    `dtypes` are those to judge (default: all of the op's); one that the candidate refuses is counted as not covered.
    `source(op, hazard, dtype, direction)` may supply evaluations (to judge many candidates on one truth);
    `first_failure` stops at the first failed check of each dtype and direction.
    """
    (op,) = select([op])
    asker = InProcess(forward, backward)
    shown = name or getattr(forward or backward, "__name__", type(forward).__name__)
    grading = Grading(op, asker, read_table() if table is None else table, source, first_failure, where=where)
    return ValidationResult(op, shown, grading.grades(tuple(dtypes)))


class Grading(Laws):
    """Grades one candidate as an implementation of one op.

    With a `seed` further inputs are drawn that nobody can have known, and the first ones are asked again at the end.
    `where` and `skip` say which cases are not covered; `progress(done, all)` is told after each check.
    """

    def __init__(
        self, op: str, asker: Asker, table: Table, source: Source | None = None, first_failure: bool = False,
        seed: int | None = None, where: str = "", skip: Sequence[str] = (), progress: Progress = lambda done, all_: None,
    ):  # fmt: skip
        if op not in table.rows:
            raise ParityError(f"{op} has no row in {table.path}, so there is nothing to judge it by; add one.")
        self.pair, self.row = getattr(asker, "pair", catalogue()[op]), table.rows[op]
        self.asker, self.source, self.first_failure, self.seed = asker, source, first_failure, seed
        self.domain = Domain(where, tuple(k.name for k in self.pair.arrays)) if where else None
        self.skip, self.progress = tuple(skip), progress
        self.judge = Judge(self.pair, self.row, self._probe)
        self.kept, self.beside = TruthCache(op, on_disk=op not in own_ops()), Beside()
        self.failed: list[tuple[Check, Seen]] = []
        """Every failed check, with what was seen."""
        self.passed: list[tuple[Check, tuple[int, ...]]] = []
        """Every other check, with the numbers of axes of its arrays."""
        self.covered: dict[str, dict[str, None]] = {}
        """Every option that was asked for, with its values as text."""
        self.done, self.expected = 0, 0
        self._takes: dict[str, set[str]] = {}

    # -- what is asked ---------------------------------------------------------------------------------------------------------
    def grades(self, dtypes: Sequence[str] = ()) -> tuple[Grade, ...]:
        """The grade of each dtype and direction; of a sampler, of its laws."""
        asked = [d for d in dtypes or self.pair.dtypes if d in self.pair.dtypes]
        if self.pair.laws and not getattr(self.asker, "takes_noise", False):
            return self.laws(asked)
        cells = [(dtype, d) for dtype in asked for d in self.asker.directions]
        checks = {cell: self.checks(*cell) for cell in cells}
        self._takes = {d: set(asked) for d in self.asker.directions}
        in_order = sorted(cells, key=lambda cell: cell[0] != FIRST_ASKED)
        last = {cell: self._again_at_last(checks[cell]) for cell in reversed(in_order) if len(cells) > 1}
        self.expected = sum(map(len, (*checks.values(), *last.values())))
        try:
            found = {cell: self._judged(Cell(*cell), checks[cell]) for cell in in_order}
            found |= {cell: self._judged(found[cell], again) for cell, again in last.items()}
            self.failed.sort(key=lambda each: cells.index((each[0].dtype, each[0].direction)))
            return tuple(c if isinstance(c, Grade) else c.grade() for c in map(found.__getitem__, cells))
        finally:
            self.beside.close()
            self.kept.save()

    def checks(self, dtype: str, direction: str) -> list[tuple[Check, Case]]:
        """Every check of one dtype and direction, against the truth, with its case (without arrays that it cannot be given)."""
        wanted = (dtype, direction, "truth")
        found = [c for c in checks_of(self.pair.op) if (c.dtype, c.direction, c.reference) == wanted]
        lacking, change = self.asker.lacking(direction), getattr(self.asker, "rewritten", lambda case: case)
        known = [(c, change(case_of(c.op, c.hazard, dtype, direction))) for c in found]
        known = [(c, without(self.pair, case, lacking) or case) for c, case in known]
        askable = [case for _, case in known if set(lacking) <= set(case.absent)]
        if self.seed is not None and askable:
            fresh = [*fresh_cases(askable, self.seed), *self._switches(dtype)]
            known += [(Check(self.pair.op, dtype, direction, "truth", c.name), c) for c in fresh]
        return sorted(known, key=lambda each: bool(each[1].refused))  # what must be refused may break a function

    def _switches(self, dtype: str) -> Iterator[Case]:
        """Beside the numbers that an elementwise candidate is written with."""
        constants = getattr(self.asker, "constants", ())
        case = switch_case(self.pair.arrays[0].name, constants, dtype) if is_elementwise(self.pair.op) else None
        yield from () if case is None else (case,)

    def _again_at_last(self, checks: Sequence[tuple[Check, Case]]) -> list[tuple[Check, Case]]:
        """The first question of a dtype and direction again, when all others have been asked: they come in reverse order."""
        if self.seed is None or not checks:
            return []
        check, case = checks[0]
        again = dataclasses.replace(case, name=f"last_{case.name}", origin=case.origin or case.name)
        return [(dataclasses.replace(check, hazard=again.name), again)]

    def advance(self) -> None:
        """Tell the progress that a check is done."""
        self.done += 1
        self.progress(self.done, self.expected)

    def left_out(self, check: Check, case: Case) -> str:
        """Why a check is not asked: skipped, outside of the domain, an option or array that the candidate has not."""
        if self.skip and among_hazards(case.origin or check.hazard, self.skip):
            return "skipped"
        lacks = self.asker.lacks(self.pair, case, check.direction)
        if lacks or self.domain is None:
            return lacks
        inside = self.domain.holds(self.prepared(case, check.dtype, "forward").built.arrays)
        return "" if inside else f"outside of {self.domain.text}"

    def prepared(self, case: Case, dtype: str, direction: str) -> Evaluation:
        """The case with nothing known of its truth; a candidate that takes the noise itself gets the drawn array."""
        e = prepare(self.pair, case, dtype, direction)
        if not getattr(self.asker, "takes_noise", False):
            return e
        return dataclasses.replace(e, built=dataclasses.replace(e.built, seeds=(None,) * len(e.built.seeds)))

    # -- grading ---------------------------------------------------------------------------------------------------------------
    def _judged(self, cell: Cell | Grade, checks: Sequence[tuple[Check, Case]]) -> Cell | Grade:
        """The answers to these questions, counted; the grade of a dtype that is refused."""
        if isinstance(cell, Grade):
            return cell
        for check, _case, answer in self._asked(checks):
            self.advance()
            if isinstance(answer, str):
                cell.missing.append(f"{check.hazard}: {answer}")
                continue
            try:
                seen = self.judge.see(*answer())
            except OracleError as e:  # an own op's referee has no answer to this input
                cell.missing.append(f"{check.hazard}: {e}")
                continue
            if check.hazard == "ordinary" and refuses(seen.party, cell.dtype):
                return self._refused(check, seen)
            self._take(cell, check, seen)
            if cell.failed and self.first_failure:
                break
        return cell

    def _refused(self, check: Check, seen: Seen) -> Grade:
        """A dtype that is not taken; where none of a direction's is, that is a failure."""
        dtype, direction = check.dtype, check.direction
        self._takes[direction].discard(dtype)
        if not self._takes[direction]:
            cell = Cell(dtype, direction)
            self._take(cell, check, seen)
            return cell.grade()
        limits = seen_limits([(check.id, Limit("refuses", dtype, seen.party.error.removeprefix("raised ")))])
        return Grade(dtype, direction, "not covered", 0, None, (), (f"{dtype}: {seen.party.error}",), limits)

    def _take(self, cell: Cell, check: Check, seen: Seen) -> None:
        """Count one judged answer."""
        reason = self.not_covered(check, seen)
        if reason:
            cell.missing.append(f"{check.hazard}: {reason}")
            return
        cell.limits += [(check.id, limit) for limit in seen.judged.limits]
        if not seen.judged.counted:
            return
        for name, value in seen.evaluation.case.options.items():
            self.covered.setdefault(name, {})[repr(value)] = None
        cell.held.append((seen.judged.grade, self.verdict(check, seen)))
        ranks = tuple(np.ndim(a) for a in seen.evaluation.built.arrays if isinstance(a, np.ndarray))
        if seen.judged.grade == "fail":
            self.failed.append((check, seen))
            cell.failed = True
        else:
            self.passed.append((check, ranks))

    def _asked(self, checks: Sequence[tuple[Check, Case]]) -> Iterator[tuple[Check, Case, Any]]:
        """Each check with why it is not asked, or with a function that finds the truth of what was answered.

        A candidate in a process of its own is asked for the next check while the truth of this one is found.
        """
        if self.source is not None or isinstance(self.asker, InProcess):
            yield from ((check, case, self._now(check, case)) for check, case in checks)
            return
        with ThreadPoolExecutor(1) as line:
            waiting: list[tuple[Check, Case, Any]] = []
            for check, case in checks:
                if case.name in EVERY and self.pair.op not in own_ops():  # they take longest: while all others are asked for
                    find_beside(self.prepared(case, check.dtype, check.direction), self.kept, self.beside)
            for check, case in checks:
                waiting.append((check, case, self._sent(line, check, case)))
                self._ahead(waiting[-1][2])
                if len(waiting) > AHEAD:
                    yield self._received(*waiting.pop(0))
            yield from (self._received(*w) for w in waiting)

    def _ahead(self, sent: Any) -> None:
        """Have the truth of a check found meanwhile."""
        if not isinstance(sent, str) and self.pair.op not in own_ops():
            find_beside(sent[0], self.kept, self.beside)

    def _now(self, check: Check, case: Case) -> Any:
        reason = self.left_out(check, case) or self.asker.tired(check.dtype, check.direction)
        return reason or (lambda: self._answered(check, case))

    def _sent(self, line: ThreadPoolExecutor, check: Check, case: Case) -> Any:
        reason = self.left_out(check, case)
        if reason:
            return reason
        e = self.prepared(case, check.dtype, check.direction)
        return e, line.submit(lambda: self.asker.tired(check.dtype, check.direction) or self.asker.ask(e))

    def _received(self, check: Check, case: Case, sent: Any) -> tuple[Check, Case, Any]:
        if isinstance(sent, str):
            return check, case, sent
        e, answer = sent
        e = find_truth(e, self.kept, self.beside)  # the candidate works meanwhile
        party = answer.result()
        return check, case, party if isinstance(party, str) else (lambda: (e, party))

    def _answered(self, check: Check, case: Case) -> tuple[Evaluation, Party]:
        """Ask the candidate, then find the truth."""
        if self.source is not None and case.stored is None and not (case.salt or case.origin):
            e = self.source(check.op, check.hazard, check.dtype, check.direction)
            return e, self.asker.ask(dataclasses.replace(e))
        e = self.prepared(case, check.dtype, check.direction)
        party = self.asker.ask(e)
        return find_truth(e, self.kept), party

    def seen(self, check: Check, case: Case, own: bool = False, probe: bool = False) -> Seen:
        """Ask the candidate, then find the truth, then judge; `own` means that the case is none of the suite's."""
        if own or self.source is None:
            e = self.prepared(case, check.dtype, check.direction)
            party = self.asker.ask(e)
            return self.judge.see(find_truth(e, self.kept), party, probe)
        return self.judge.see(*self._answered(check, case), probe)

    def observe(self, case: Case, dtype: str, direction: str) -> Seen | None:
        """What the candidate makes of a case that is none of the suite's; None where the op has no answer to it."""
        return self._observed(case, dtype, direction, probe=False)

    def _observed(self, case: Case, dtype: str, direction: str, probe: bool) -> Seen | None:
        try:
            salted = dataclasses.replace(case, salt=case.salt or "/own")
            return self.seen(Check(self.pair.op, dtype, direction, "truth", case.name), salted, own=True, probe=probe)
        except OracleError:
            return None
        except Exception:  # the definition refuses this input (its shapes do not fit), or has no case for it
            return None

    def _probe(
        self, e: Evaluation, arrays: dict[str, Any] | None = None, cotangents: Sequence[Any] = (), plain: Case | None = None
    ) -> Seen | None:  # fmt: skip
        """An experiment: what the candidate makes of altered numbers in place of those of `e`, or of a plain case."""
        if arrays is None:
            case, lacking = plain or Case("ordinary"), self.asker.lacking(e.direction)
            case = getattr(self.asker, "rewritten", lambda c: c)(case)
            return self._observed(without(self.pair, case, lacking) or case, e.dtype, e.direction, True)
        again = "full" if e.case.cotangent in LAID_OUT else e.case.cotangent
        case = dataclasses.replace(e.case, layout="", cotangent=again)
        stored = dict(case.stored.arrays) if case.stored is not None else {}
        whole = {k.name: a for k, a in zip(e.built.kinds, e.built.arrays, strict=True) if a is not None and k.role != "rng"}
        case = with_stored(case, Stored({**stored, **whole, **arrays}, tuple(cotangents)), "probe")
        return self._observed(case, e.dtype, e.direction, True)

    # -- what comes of it ------------------------------------------------------------------------------------------------------
    def not_covered(self, check: Check, seen: Seen) -> str:
        """Why an answer is none that could be graded: it lacks the option, or it has no kernel for the dtype where a reference
        is listed as having none either; "" where it is graded.
        """
        e, party = seen.evaluation, seen.party
        if party.error_type == "NoOption":
            return party.error
        if party.error_type == "timeout" and sum(np.size(a) for a in e.built.arrays if a is not None) > LARGE:
            return f"{party.error}: too slow for so long a row"
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
        e, ours = seen.evaluation, library(self.pair)
        with_all = dataclasses.replace(e, parties={**e.parties, "candidate": seen.party})
        if not self.first_failure:
            for name in ("ours", *self.judge.references(e.direction, e.dtype)):
                with_all.party(name, ours)
        detail = failure_detail(with_all, seen.judged.outcome, "candidate")
        return {"got" if k == "candidate" else k: v for k, v in detail.items()}
