"""What `parity validate` prints: grades, each distinct failure once, conduct, and one last line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from parity.report.table import columns
from parity.report.terminal import referee_lines
from parity.results import Finding, ValidationResult, grade_texts

WIDTH = 118
SHOWN_IDS = 6


def validation_lines(result: ValidationResult, scripts: Sequence[str] = ()) -> Iterator[str]:
    """The whole report on one candidate; `scripts` are the paths of the findings' programs."""
    yield from _wrapped(result.verdict(), "  ")
    yield f"{result.candidate} as {result.op}"
    yield from referee_lines({result.op})
    yield ""
    yield from columns([("dtype", "direction", "grade", "checks", "worst units", "at"), *map(grade_texts, result.grades)])
    for i, finding in enumerate(result.findings):
        yield ""
        yield from finding_lines(finding, scripts[i] if i < len(scripts) else "")
    if result.proposal:
        yield ""
        yield from _wrapped(result.proposal, "  ")
    if result.limits:
        yield ""
        yield "limits:"
        for limit, checks in result.limits:
            yield from _wrapped(f"{limit.sentence} ({len(checks)} check{'s' * (len(checks) != 1)})", "    ", "  ")
    yield from _the_rest(result)
    yield ""
    yield _last(result)


def _the_rest(result: ValidationResult) -> Iterator[str]:
    """Options that were covered, cases and directions that were not, conduct."""
    lines = []
    if result.options:
        covered = "; ".join(f"{name} = {', '.join(values)}" for name, values in result.options.items())
        lines += _wrapped(f"options covered: {covered}", "  ")
    missing = [text for g in result.grades for text in g.not_covered]
    if missing:
        lines += _wrapped(f"not covered: {len(missing)} cases, among them {missing[0]}", "  ")
    for sentence in result.unjudged:
        lines += _wrapped(sentence, "  ")
    for r in result.conduct:
        how = "FAILED:" if r.fails else "note:"
        lines += _wrapped(f"{how} it {r.text} ({r.times} times, first at {r.first})", "  ")
    if lines:
        yield ""
        yield from lines


def _last(result: ValidationResult) -> str:
    failed, n = len(result.failures), len(result.limits)
    seed = "" if result.seed is None else f"; fresh inputs: --seed {result.seed}"
    limits = f", {n} limit{'s' * (n != 1)}" if n else ""
    return f"grade: {result.grade}{limits} ({result.checks} checks, {failed} failed{seed})"


def finding_lines(f: Finding, script: str = "") -> Iterator[str]:
    """One distinct failure: the smallest input, who returned what, the likely cause, how to see it again."""
    v = f.verdict
    n = len(f.checks)
    yield f"FAILED {v.check.direction}, {n} check{'s' * (n > 1)}: {_symptom(f)}"
    if f.cause and not f.cause.removeprefix("It ").startswith(v.message or "?"):
        yield from _wrapped(f.cause, " " * 19, f"  {'likely cause:':<16s} ")
    for label, text in _rows(f, script):
        yield from _wrapped(text, " " * 19, f"  {label + ':':<16s} ")


def _symptom(f: Finding) -> str:
    v = f.verdict
    if v.stage == "values" and not v.message:
        return f"{v.units:.4g} units of u*scale, {v.budget:.4g} allowed"
    return v.message or f"{v.stage} does not match"


def _rows(f: Finding, script: str) -> Iterator[tuple[str, str]]:
    if f.smallest:
        yield "smallest input", f"{f.verdict.check.dtype}: {f.smallest}"
    if f.why:
        yield "not smaller", f.why
    for label in ("element", "got", "truth", "npimpl", "ours", "torch", "scipy"):
        if label in f.verdict.detail and not (f.verdict.stage == "error" and label in ("element", "got")):
            yield label, str(f.verdict.detail[label])
    more = f" and {len(f.checks) - SHOWN_IDS} more" if len(f.checks) > SHOWN_IDS else ""
    names = [i.partition("-")[2].replace("-truth-", " ") for i in f.checks[:SHOWN_IDS]]
    yield "seen at", ", ".join(names) + more
    if script:
        yield "reproduce", f"python {script}"


def _wrapped(text: str, indent: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [first.rstrip()]


def summary_lines(results: Sequence[ValidationResult]) -> Iterator[str]:
    """One table over several candidates."""
    yield ""
    rows = [(r.candidate, r.op, r.grade, str(r.checks), str(len(r.failures)), str(len(r.limits))) for r in results]
    yield from columns([("candidate", "op", "grade", "checks", "failed", "limits"), *rows])


def write_scripts(result: ValidationResult, folder: Path) -> list[str]:
    """Write the program of each finding into `folder`; their paths ("" where a finding has none)."""
    paths = []
    for i, f in enumerate(result.findings, 1):
        path = folder / f"{result.op}-{i}.py"
        if f.script:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
            path.write_text(f.script, encoding="utf-8")
        paths.append(str(path) if f.script else "")
    return paths
