"""The whole of `parity validate`: asks a candidate, grades it, and explains each of its failures once."""

from __future__ import annotations

import importlib
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import numpy as np

from parity.asking import Isolated
from parity.causes import likely_cause
from parity.errors import ParityError
from parity.grading import Grading, InProcess
from parity.isolation import Candidate, Guest, Limits
from parity.judging import Seen
from parity.loader import catalogue, referee, select
from parity.minimise import minimise
from parity.report.loading import loading_lines
from parity.report.script import script
from parity.results import Finding, Grade, ValidationResult
from parity.tolerances import Table, read_table
from parity.verdict import Check

SHOWN = 4
"""Failures that are minimised and explained; further ones are counted and named."""
SECONDS = 10.0
"""For making one failing input smaller."""


def validate(
    candidate: Candidate,
    op: str,
    *,
    dtypes: Iterable[str] = (),
    directions: Sequence[str] = (),
    table: Table | None = None,
    limits: Limits | None = None,
    name: str = "",
    seed: int | None = None,
    isolate: bool = True,
) -> ValidationResult:
    """Grade a candidate as an implementation of `op`, in a process of its own unless `isolate` is False."""
    chosen = select([op])
    if len(chosen) > 1:
        raise ParityError(f"{op!r} is a family of {len(chosen)} ops; name one of them: {', '.join(chosen)}.")
    (op,) = chosen
    seed = secrets.randbits(32) if seed is None else seed
    with ExitStack() as stack:
        if isolate:
            stack.enter_context(_torch_meanwhile(candidate))
            asker: Any = Isolated(stack.enter_context(Guest(candidate, limits)), catalogue()[op])
        else:
            asker = InProcess(candidate.forward, candidate.backward)
        if directions:
            asker.directions = tuple(d for d in asker.directions if d in directions)
        grading = Grading(op, asker, read_table() if table is None else table, seed=seed)
        grades = grading.grades(tuple(dtypes))
        findings = explained(grading, grades, load_lines(candidate, asker))
        conduct = asker.conduct() if isolate else ()
    covered = {name: tuple(values) for name, values in grading.covered.items()}
    crashed = isolate and asker.guest.deaths > 0
    return ValidationResult(op, name or called(candidate), grades, findings, conduct, seed, crashed, covered, referee(op))


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
def explained(grading: Grading, grades: Sequence[Grade], load: Callable[[str], str]) -> tuple[Finding, ...]:
    """One finding for each distinct failure, the first few of them minimised and with their likely cause."""
    groups = list(grouped(grading.failed).values())
    findings = [finding(grading, grades, g, load, full=i < SHOWN) for i, g in enumerate(groups)]
    merged: dict[tuple[str, str], Finding] = {}
    for f in findings:  # what has one cause is one failure
        key = (f.verdict.check.direction, f.cause.partition(":")[0] or f.checks[0])
        merged[key] = replace(merged[key], checks=merged[key].checks + f.checks) if key in merged else f
    laws = [v for g in grades if g.direction == "distribution" for v in g.failures]
    return (*merged.values(), *(Finding(v, (v.check.id,)) for v in laws))


def grouped(failed: Sequence[tuple[Check, Seen]]) -> dict[tuple, list[tuple[Check, Seen]]]:
    """The failed checks by direction and symptom; wrong numbers at a few hazards only, by hazard as well."""
    by_symptom: dict[tuple, list[tuple[Check, Seen]]] = {}
    for check, seen in failed:
        by_symptom.setdefault((check.direction, *seen.symptom), []).append((check, seen))
    groups: dict[tuple, list[tuple[Check, Seen]]] = {}
    for key, items in by_symptom.items():
        hazards = {_hazard(c) for c, _ in items}
        apart = key[1] == "values" and len(hazards) <= SHOWN and "ordinary" not in hazards
        for item in items:
            groups.setdefault((*key, _hazard(item[0])) if apart else key, []).append(item)
    return groups


def _hazard(check: Check) -> str:
    """The hazard without the options and the argument that it was met with."""
    return check.hazard.rsplit("+", 1)[-1].rsplit(".", 1)[-1]


PREFERRED = ("float32", "float64", "float16", "bfloat16")


def representative(group: Sequence[tuple[Check, Seen]]) -> tuple[Check, Seen]:
    """The failure to show: in a dtype that everybody has, without options, with few elements."""

    def order(item: tuple[Check, Seen]):
        check, seen = item
        built = seen.evaluation.built
        size = sum(np.size(a) for a in built.arrays if a is not None)
        return bool(seen.evaluation.case.options), PREFERRED.index(check.dtype), size == 0, size

    return min(group, key=order)


def typical(group: Sequence[tuple[Check, Seen]]) -> list[tuple[Check, Seen]]:
    """The failures to find the cause by: in the dtype that is shown, on ordinary inputs where it fails there.

    (Not the smallest input: that fits many mistakes.)
    """
    shown = representative(group)[0].dtype
    usual = min(group, key=lambda item: (item[0].dtype != shown, item[0].hazard != "ordinary"))
    ordinary = min(group, key=lambda item: (item[0].hazard != "ordinary", PREFERRED.index(item[0].dtype)))
    return [usual] if usual[0] == ordinary[0] else [usual, ordinary]


def finding(grading: Grading, grades, group, load: Callable[[str], str], full: bool, seconds: float = SECONDS) -> Finding:
    """The failure of a group of checks, minimised and with its cause and script where it is shown in full."""
    check, seen = representative(group)
    ids = tuple(c.id for c, _ in group)
    if not full or seen.party.error_type == "timeout":
        return Finding(grading.verdict(check, seen), ids, smallest=inputs_text(seen))
    small = minimise(check, seen, grading.observe, seconds=seconds)
    cause = _cause(grading, grades, group)
    text = script(small.seen, check, load(check.direction))
    return Finding(grading.verdict(check, small.seen), ids, cause, inputs_text(small.seen), small.why, text)


def _cause(grading: Grading, grades, group) -> str:
    try:
        causes = (likely_cause(*item, grades, grading.failed, grading.observe) for item in typical(group))
        return next(filter(None, causes), "")
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


def load_lines(candidate: Candidate, asker: Any) -> Callable[[str], str]:
    """For a direction: the lines of a script that define `candidate`."""

    def lines(direction: str) -> str:
        own = direction == "backward" and candidate.backward is not None
        given = candidate.backward if own else candidate.forward
        if not isinstance(asker, Isolated):
            return loading_lines(given, direction)
        about = asker.guest.about
        settings = {"arrays": about["arrays"], "kind": "function" if own else about["kind"], "rename": about["rename"]}
        return loading_lines(
            given, direction, own_gradient=own, defaults=asker.explicit(direction), places=asker.given(direction), **settings
        )

    return lines
