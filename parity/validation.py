"""The whole of `parity validate`: asks a candidate, grades it, explains each of its bugs once, and states its limits."""

from __future__ import annotations

import importlib
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy as np

from parity.asking import Isolated
from parity.candidate.grade import Seen
from parity.causes import likely_cause
from parity.causes.groups import Group, explained
from parity.grading import Grading, InProcess, Progress
from parity.isolation import Candidate, Guest
from parity.loader import catalogue, referee
from parity.minimise import minimise
from parity.report.loading import loading_lines
from parity.report.script import script
from parity.request import Validation
from parity.results import Finding, Grade, ValidationResult
from parity.tolerances import Table, read_table
from parity.verdict import Check

SHOWN = 4
"""Bugs that are minimised and explained; further ones are counted and named."""
SECONDS = 10.0
"""For making failing inputs smaller: so much for the first one, half of it for the next, and so on."""
Load = Callable[[str, str], str]


def validate(
    request: Validation,
    table: Table | None = None,
    name: str = "",
    progress: Progress = lambda done, all_: None,
    briefly: bool = False,
) -> ValidationResult:
    """Judge a candidate as the request says, in a process of its own unless `isolate` is False.

    Judged `briefly`, a dtype and direction ends with its first failure, and no failure is explained.
    """
    seed = secrets.randbits(32) if request.seed is None else request.seed
    candidate, op = request.candidate, request.op
    with ExitStack() as stack:
        if request.isolate:
            stack.enter_context(_torch_meanwhile(candidate))
            asker: Any = Isolated(stack.enter_context(Guest(candidate, request.limits)), catalogue()[op])
        else:
            asker = InProcess(candidate.forward, candidate.backward)
        unjudged = directions_left_out(request, asker)
        if request.directions:
            asker.directions = tuple(d for d in asker.directions if d in request.directions)
        table = read_table(None, request.overlay) if table is None else table
        grading = Grading(
            op, asker, table, first_failure=briefly, seed=seed, where=request.where, skip=request.skip, progress=progress
        )
        grades = grading.grades(request.dtypes)
        findings = () if briefly else findings_of(grading, grades, load_lines(candidate, asker))
        conduct = asker.conduct() if request.isolate else ()
    return ValidationResult(
        op,
        name or called(candidate),
        grades,
        findings,
        conduct,
        seed,
        crashed=request.isolate and asker.guest.deaths > 0,
        options={name: tuple(values) for name, values in grading.covered.items()},
        referee=referee(op),
        unjudged=unjudged,
        proposal=proposal(grading, request.where),
        strict=request.strict,
    )


def directions_left_out(request: Validation, asker: Any) -> tuple[str, ...]:
    """A sentence for each direction that the op has and that is not judged."""
    found = []
    if catalogue()[request.op].differentiable and "backward" not in asker.directions:
        how = "give it with --backward, or write the function in torch or JAX arrays (--arrays)"
        found.append(f"The gradient is not judged: the candidate has none; {how}.")
    for d in asker.directions:
        if request.directions and d not in request.directions:
            found.append(
                f"The {'gradient' if d == 'backward' else 'result'} is not judged: it was not asked for (--direction)."
            )
    return tuple(found)


def proposal(grading: Grading, where: str) -> str:
    """The option that would apply, where every failure has other ranks than every success: a domain."""
    if where or not grading.failed or not grading.passed:
        return ""
    failed = {np.ndim(seen.evaluation.built.arrays[0]) for _, seen in grading.failed}
    passed = {ranks[0] for _, ranks in grading.passed if ranks}
    if failed & passed or not passed:
        return ""
    name = grading.pair.arrays[0].name
    inside = f"{name}.ndim == {min(passed)}" if len(passed) == 1 else f"{name}.ndim in {tuple(sorted(passed))}"
    return f'It is wrong only where `{name}` has other numbers of axes; if it was not written for these: --where "{inside}".'


@contextmanager
def _torch_meanwhile(candidate: Candidate) -> Iterator[None]:
    """Import torch while a candidate of torch's is loaded in its own process: what torch itself returns will be asked for."""
    given = candidate.forward
    place = given if isinstance(given, str) else getattr(given, "__module__", None) or ""
    if "torch" in sys.modules or not (candidate.arrays == "torch" or place.startswith("torch")):
        yield
        return
    importing = threading.Thread(target=_import_torch, daemon=True)
    importing.start()
    try:
        yield
    finally:
        importing.join()


def _import_torch() -> None:
    with suppress(ImportError):  # whoever needs it will say so
        importlib.import_module("torch")


def called(candidate: Candidate) -> str:
    """What a candidate is called in the report."""
    if isinstance(candidate.forward, str):
        return candidate.forward
    return getattr(candidate.forward, "__name__", type(candidate.forward).__name__)


# -- explaining ----------------------------------------------------------------------------------------------------------------
def findings_of(grading: Grading, grades: Sequence[Grade], load: Load) -> tuple[Finding, ...]:
    """One finding for each bug, the first few of them minimised and with their likely cause."""
    groups = explained(grading.failed, grades, grading.observe, SHOWN)
    findings = [finding(grading, g, load, full=i < SHOWN, seconds=SECONDS / 2**i) for i, g in enumerate(groups)]
    laws = [v for g in grades for v in g.failures if v.check.direction == "distribution"]
    return (*findings, *_laws(laws))


def _laws(failed: Sequence[Any]) -> Iterator[Finding]:
    """Laws that fail with the same sentence are one finding."""
    by_text: dict[str, list[Any]] = {}
    for v in failed:
        by_text.setdefault(v.stage if v.message == "" else v.message.partition(" ")[0] + v.stage, []).append(v)
    for verdicts in by_text.values():
        yield Finding(verdicts[0], tuple(v.check.id for v in verdicts))


def finding(grading: Grading, group: Group, load: Load, full: bool, seconds: float = SECONDS) -> Finding:
    """The bug of a group of checks, minimised and with its cause and script where it is shown in full."""
    check, seen = group.failures[0]
    ids = tuple(c.id for c, _ in group.failures)
    if not full or seen.party.error_type == "timeout":
        return Finding(grading.verdict(check, seen), ids, group.cause, smallest=inputs_text(seen))
    small = minimise(check, seen, grading.observe, seconds=seconds)
    text = script(small.seen, check, load(check.direction, check.dtype))
    return Finding(grading.verdict(check, small.seen), ids, group.cause, inputs_text(small.seen), small.why, text)


def cause_of(grading: Grading, grades: Sequence[Grade], check: Check, seen: Seen) -> str:
    """The likely cause of one failure."""
    try:
        return likely_cause(check, seen, grades, grading.failed, grading.observe)
    except (ArithmeticError, MemoryError, RecursionError, TypeError, ValueError):
        return ""  # outputs so odd that no hypothesis can be tested on them


def inputs_text(seen: Seen) -> str:
    """The inputs of one evaluation: each array with its name, short."""
    e = seen.evaluation
    parts = [_array_text(k.name, a) for k, a in zip(e.built.kinds, e.built.arrays, strict=True) if a is not None]
    parts += [_array_text("dy", c) for c in e.cotangents if c is not None]
    options = [f"{k}={v!r}" for k, v in e.built.options.items()]
    return "; ".join(parts + ([", ".join(options)] if options else []))


def _array_text(name: str, array: Any) -> str:
    if not isinstance(array, np.ndarray):
        return f"{name} = {array!r}"
    if array.size > 16:
        return f"{name}: {array.dtype} {array.shape}"
    return f"{name} = {array.tolist()}"


def load_lines(candidate: Candidate, asker: Any) -> Load:
    """For a direction and a dtype: the lines of a script that define `candidate`."""

    def lines(direction: str, dtype: str) -> str:
        own = direction == "backward" and candidate.backward is not None
        given = candidate.backward if own else candidate.forward
        if not isinstance(asker, Isolated):
            return loading_lines(given, direction)
        about = asker.guest.about
        return loading_lines(
            given,
            direction,
            arrays=about["arrays"],
            kind="function" if own else about["kind"],
            own_gradient=own,
            rename=about["rename"],
            defaults=asker.explicit(direction, dtype),
            places=asker.given(direction),
            fixed=candidate.fixed,
            inplace=candidate.inplace,
            by_element=about["by_element"],
        )

    return lines
