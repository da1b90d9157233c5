"""What a run or a validation found: plain data with summaries, readable in a terminal and in a notebook."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from parity.verdict import Verdict


@dataclass(frozen=True)
class Cell:
    """The worst use of the budget in one (op, dtype): by whom, in which direction, at which hazard."""

    op: str
    dtype: str
    checks: int
    worst: Verdict
    violated: int
    known: int


@dataclass(frozen=True)
class RunResult:
    """The verdicts of a run, in order."""

    verdicts: tuple[Verdict, ...]
    versions: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def counts(self) -> Counter[str]:
        """How many verdicts of each status."""
        return Counter(v.status for v in self.verdicts)

    @property
    def violations(self) -> tuple[Verdict, ...]:
        """The verdicts that violate a tolerance."""
        return tuple(v for v in self.verdicts if v.status == "violated")

    @property
    def holds(self) -> bool:
        """Whether something was checked and nothing was violated."""
        return bool(self.verdicts) and not self.violations

    def __bool__(self) -> bool:
        raise TypeError("A RunResult has no truth value: read `.holds` or `.violations`.")

    @property
    def cells(self) -> list[Cell]:
        """One cell for each op and dtype, in order."""
        groups: dict[tuple[str, str], list[Verdict]] = {}
        for v in self.verdicts:
            groups.setdefault((v.check.op, v.check.dtype), []).append(v)
        return [_cell(op, dtype, vs) for (op, dtype), vs in groups.items()]

    def summary(self) -> str:
        """The last line of a run: ops, checks, skipped with reasons, known differences, violations."""
        c = self.counts
        ops = len({v.check.op for v in self.verdicts})
        reasons = Counter(v.message for v in self.verdicts if v.status == "skipped")
        why = "; ".join(f"{n} x {r}" for r, n in sorted(reasons.items()))
        parts = [
            f"{ops} ops",
            f"{len(self)} checks",
            f"{c['held']} held",
            f"{c['skipped']} skipped" + (f" ({why})" if why else ""),
        ]
        parts.append(f"{c['known']} known differences of the references")
        if c["cured"]:
            parts.append(f"{c['cured']} cured here")
        return ", ".join([*parts, f"{c['violated']} violated"]) + "."

    def to_json(self) -> str:
        """The whole run as JSON, the same bytes for the same numbers."""
        data = {
            "versions": self.versions,
            "summary": dict(sorted(self.counts.items())),
            "checks": [v.as_dict() for v in self.verdicts],
        }
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    def __repr__(self) -> str:
        return "\n".join([f"<parity run: {self.summary()}>", *(f"  violated: {v.check.id}" for v in self.violations[:10])])

    def _repr_html_(self) -> str:
        return _table(("op", "dtype", "checks", "worst units", "budget", "by", "at"), map(cell_texts, self.cells)) + _p(
            self.summary()
        )


def _cell(op: str, dtype: str, verdicts: Sequence[Verdict]) -> Cell:
    judged = [v for v in verdicts if v.status in ("held", "violated")]
    worst = max(judged or verdicts, key=lambda v: (v.status == "violated", v.used, v.units))
    status = Counter(v.status for v in verdicts)
    return Cell(op, dtype, len(verdicts), worst, status["violated"], status["known"])


def cell_texts(cell: Cell) -> tuple[str, ...]:
    """A cell as the texts of a table row."""
    v = cell.worst
    by = "ours" if v.check.reference == "truth" else v.check.reference
    return (
        cell.op,
        cell.dtype,
        str(cell.checks),
        f"{v.units:.3g}",
        f"{v.budget:.3g}",
        by,
        f"{v.check.direction} {v.check.hazard}",
    )


GRADES = ("tight", "parity", "stable", "fail", "not covered")


@dataclass(frozen=True)
class Limit:
    """One departure that is no bug: its kind, a sentence, and the numbers that show it."""

    kind: str
    text: str
    example: str = ""

    @property
    def sentence(self) -> str:
        """Kind, sentence and example in one line."""
        return f"{self.kind}: {self.text}{f', for example {self.example}' if self.example else ''}"


@dataclass(frozen=True)
class Grade:
    """How a candidate did in one dtype and direction, and the figure behind it."""

    dtype: str
    direction: str
    grade: str
    checks: int
    worst: Verdict | None
    failures: tuple[Verdict, ...] = ()
    not_covered: tuple[str, ...] = ()
    limits: tuple[tuple[Limit, tuple[str, ...]], ...] = ()
    """Departures that are no failures, each with the ids of the checks where it was seen."""
    held: tuple[Verdict, ...] = ()
    """The checks that were passed."""

    def as_dict(self) -> dict:
        """Plain data for JSON."""
        names = ("dtype", "direction", "grade", "checks")
        return {
            **{n: getattr(self, n) for n in names},
            "worst": None if self.worst is None else self.worst.as_dict(),
            "limits": [limit_row(*pair) for pair in self.limits],
            "not_covered": list(self.not_covered),
            "failures": [v.as_dict() for v in self.failures],
        }


@dataclass(frozen=True)
class Finding:
    """One way in which a candidate fails: the smallest input that shows it, and all the checks that fail like it."""

    verdict: Verdict
    """The verdict of the smallest input; its check is the one that it was made from."""
    checks: tuple[str, ...]
    """The ids of the checks that fail in this way."""
    cause: str = ""
    """What the mistake probably is; "" where the pattern is not known."""
    smallest: str = ""
    """The smallest failing input as text."""
    why: str = ""
    """Why it is not smaller, where an array has more than four elements."""
    script: str = ""
    """A program that shows the failure with NumPy and torch alone."""

    def as_dict(self) -> dict:
        """Plain data for JSON."""
        names = ("checks", "cause", "smallest", "why", "script")
        return {"verdict": self.verdict.as_dict(), **{n: getattr(self, n) for n in names}}


@dataclass(frozen=True)
class Remark:
    """Something that a candidate did besides returning numbers."""

    kind: str
    text: str
    times: int
    first: str
    """The id of the check (or "loading") at which it was first seen."""

    @property
    def fails(self) -> bool:
        """Whether this alone fails the candidate."""
        return self.kind in FAILING


FAILING = ("forbidden", "state")
"""Kinds of conduct that fail a candidate whatever its numbers are."""


@dataclass(frozen=True)
class ValidationResult:
    """The grades of one candidate, its distinct bugs, its limits, and its conduct."""

    op: str
    candidate: str
    grades: tuple[Grade, ...]
    findings: tuple[Finding, ...] = ()
    conduct: tuple[Remark, ...] = ()
    seed: int | None = None
    """What the fresh inputs were drawn with."""
    crashed: bool = False
    """Whether its process died in some check."""
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The options that were asked for, each with the values that were tried."""
    referee: str = ""
    """Who says what is right, where it is not the definition in ball arithmetic (for an own op without one)."""
    unjudged: tuple[str, ...] = ()
    """A sentence for each direction of the op that was not judged."""
    proposal: str = ""
    """The option that would apply, if every failure lies outside of what the candidate was written for."""
    strict: str = ""
    """The grade that was asked for without limits; "" where a stable one with limits is right."""

    @property
    def grade(self) -> str:
        """The worst grade of all, "not covered" when nothing could be judged."""
        judged = [g.grade for g in self.grades if g.grade != "not covered"]
        if judged and any(r.fails for r in self.conduct):
            return "fail"
        return max(judged, key=GRADES.index) if judged else "not covered"

    @property
    def limits(self) -> tuple[tuple[Limit, tuple[str, ...]], ...]:
        """Every limit once, with the ids of the checks where it was seen."""
        found: dict[tuple[str, str], tuple[Limit, tuple[str, ...]]] = {}
        for limit, checks in (pair for g in self.grades for pair in g.limits):
            first, before = found.get((limit.kind, limit.text), (limit, ()))
            found[limit.kind, limit.text] = first, before + checks
        return tuple(found.values())

    @property
    def holds(self) -> bool:
        """Whether it is right: stable or better, limits or not; with `strict` as good as that, without limits or remarks."""
        if not self.strict:
            return self.grade in ("tight", "parity", "stable")
        enough = GRADES.index(self.grade) <= GRADES.index(self.strict)
        return enough and not self.limits and not self.conduct

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """Every failed check."""
        return tuple(v for g in self.grades for v in g.failures)

    @property
    def checks(self) -> int:
        """How many checks were judged."""
        return sum(g.checks for g in self.grades)

    def verdict(self) -> str:
        """The verdict in words: "right: parity in all dtypes; 2 limits", "wrong: 1 bug, seen in 14 of 190 checks"."""
        if self.grade == "not covered":
            return "not judged: nothing could be asked"
        if self.grade == "fail":
            return self._wrong()
        limits = f"; {_counted(len(self.limits), 'limit')}" if self.limits else ""
        grades = {g.dtype: max((h.grade for h in self.grades if h.dtype == g.dtype and h.grade != "not covered"),
                               key=GRADES.index, default="") for g in self.grades}  # fmt: skip
        judged = {d: g for d, g in grades.items() if g}
        where = f"in {', '.join(judged)}" if len(judged) < len(grades) or len(judged) == 1 else "in all dtypes"
        each = ", ".join(f"{d} {g}" for d, g in judged.items())
        text = f"right: {self.grade} {where}" if len(set(judged.values())) == 1 else f"right: {self.grade} or better ({each})"
        if not self.holds:
            text = (
                f"not right enough: --strict={self.strict} asks for {self.strict} without limits or remarks; it is {text[7:]}"
            )
        return text + limits

    def _wrong(self) -> str:
        if not self.failures:
            remarks = [r for r in self.conduct if r.fails]
            return f"wrong: {_counted(len(remarks), 'breach')} of conduct"
        bugs = max(len(self.findings), 1)
        return f"wrong: {_counted(bugs, 'bug')}, seen in {len(self.failures)} of {self.checks} checks"

    def __bool__(self) -> bool:
        raise TypeError("A ValidationResult has no truth value: read `.grade`, `.holds` or `.failures`.")

    def as_dict(self) -> dict:
        """Plain data for JSON."""
        data = {"op": self.op, "candidate": self.candidate, "verdict": self.verdict(), "grade": self.grade, "holds": self.holds}
        data |= {"strict": self.strict, "seed": self.seed, "crashed": self.crashed}
        data["referee"] = self.referee or "the definition in ball arithmetic, with proof"
        data["options"] = {k: list(v) for k, v in self.options.items()}
        data["limits"] = [limit_row(*pair) for pair in self.limits]
        data |= {"not_judged": list(self.unjudged), "proposal": self.proposal}
        conduct = [{"kind": r.kind, "text": r.text, "times": r.times, "first": r.first, "fails": r.fails} for r in self.conduct]
        findings = [f.as_dict() for f in self.findings]
        return {**data, "grades": [g.as_dict() for g in self.grades], "findings": findings, "conduct": conduct}

    def to_json(self) -> str:
        """Grades, limits, failures and conduct as JSON."""
        return json.dumps(self.as_dict(), indent=1) + "\n"

    def __repr__(self) -> str:
        lines = [f"<{self.candidate} as {self.op}: {self.verdict()}>", *("  " + "  ".join(grade_texts(g)) for g in self.grades)]
        lines += [f"  {f.verdict.check.direction}: {f.cause or f.verdict.message or f.verdict.stage}" for f in self.findings]
        lines += [f"  limit: {limit.sentence}" for limit, _ in self.limits]
        return "\n".join([*lines, *(f"  {r.text}" for r in self.conduct)])

    def _repr_html_(self) -> str:
        head = _p(f"{self.candidate} as {self.op}: {self.verdict()}")
        grades = _table(("dtype", "direction", "grade", "checks", "worst units", "at"), map(grade_texts, self.grades))
        found = "".join(_finding_html(f) for f in self.findings)
        limits = "".join(_p(f"limit: {limit.sentence} ({_counted(len(checks), 'check')})") for limit, checks in self.limits)
        rest = "".join(map(_p, (*self.unjudged, *([self.proposal] if self.proposal else []))))
        return head + grades + found + limits + rest + "".join(_p(f"{r.text} ({r.times} times)") for r in self.conduct)


def _counted(n: int, what: str) -> str:
    plural = "es" if what.endswith("ch") else "s"
    return f"{n} {what}{plural * (n != 1)}"


def limit_row(limit: Limit, checks: Sequence[str]) -> dict:
    """A limit as plain data."""
    return {"kind": limit.kind, "text": limit.text, "example": limit.example, "checks": list(checks)}


def _finding_html(f: Finding) -> str:
    """A failure: its cause, who returned what, and its script, folded."""
    detail = [(k, str(v)) for k, v in f.verdict.detail.items() if not k.startswith("input ")]
    rows = [("seen at", ", ".join(f.checks[:6])), ("smallest input", f.smallest), *detail]
    script = f"<details><summary>script</summary><pre>{html.escape(f.script)}</pre></details>" if f.script else ""
    return _p(f.cause or f.verdict.message or "It is too far from the truth.") + _table(("", ""), rows) + script


def grade_texts(g: Grade) -> tuple[str, ...]:
    """A grade as the texts of a table row."""
    worst = ("", "") if g.worst is None else (f"{g.worst.units:.3g}", g.worst.check.hazard)
    return (g.dtype, g.direction, g.grade, str(g.checks), *worst)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def line(texts, tag):
        return "<tr>" + "".join(f"<{tag}>{html.escape(t)}</{tag}>" for t in texts) + "</tr>"

    return "<table>" + line(head, "th") + "".join(line(r, "td") for r in rows) + "</table>"


def _p(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"
