"""One chunk of a sweep, from its patterns to a small dictionary: what a worker does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from parity.cases import Built, generator
from parity.errors import ParityError
from parity.formats import DTYPES
from parity.loader import catalogue, definition, implementation, wide
from parity.pair import Pair
from parity.references import scipy_forward, torch_forward
from parity.sweeping.judge import Subject, corrected, findings, judge, select
from parity.sweeping.patterns import Ruler
from parity.sweeping.scan import Party, Scanner

SAMPLE = 256
"""So many random points of each binade (or all of it, if it is smaller) are judged whatever the reference says of them."""
PROVEN = ("float16", "bfloat16")
"""Dtypes of which every value is judged by ball arithmetic; the reference only finds the order of looking."""


@dataclass(frozen=True)
class Task:
    """What all chunks of a sweep have in common."""

    op: str
    dtype: str
    who: str


def run_chunk(task: Task, start: int, count: int) -> dict[str, Any]:
    """Judge the patterns start … start + count - 1."""
    began = time.thread_time()
    pair, ruler = catalogue()[task.op], Ruler(task.dtype)
    form, ulps, root = _wide(task.op)
    slack = ulps * 2.0 ** (ruler.format.precision - 53)
    subject = Subject(definition(task.op), dict(pair.options), ruler, slack, root)
    scanner = Scanner(task.dtype, party(pair, task.who, task.dtype), lambda x: form(x, **subject.options), slack, root)
    scan = scanner.scan(start, count, asked(subject, start, count))
    chosen = select(scan, ruler)
    judged = judge(subject, chosen)
    decided = len(judged.points.pattern)
    result = {"count": count, "judged": decided, "undecided": len(chosen.pattern) - decided, "interpolated": scan.interpolated}
    result |= corrected(scan, judged, subject) | findings(judged, ruler)
    return result | {"seconds": time.thread_time() - began}


def _wide(op: str):
    found = wide(op)
    if found is None:
        raise ParityError(
            f"{op} has no float64 form to sweep it with; add one that is good to a few ulp to WIDE in parity/pairs/_wide.py."
        )
    return found


def asked(subject: Subject, start: int, count: int) -> np.ndarray:
    """The patterns of a chunk that ball arithmetic judges in any case, sorted."""
    if subject.ruler.dtype in PROVEN:
        return np.arange(start, start + count)
    rng, width = generator(start), 1 << subject.ruler.shift
    samples = [
        first + rng.choice(size, min(SAMPLE, size), replace=False, shuffle=False)
        for first in range(start, start + count, width)
        for size in (min(width, start + count - first),)
    ]
    return np.unique(np.concatenate([*samples, _special(subject, start, count)]))


def _special(subject: Subject, start: int, count: int) -> np.ndarray:
    """Zeros, infinities, and the inputs whose results the definition states."""
    limits: Any = getattr(subject.definition, "limits", {})
    limits = cast(dict, limits(**subject.options) if callable(limits) else limits)
    patterns = np.array([subject.ruler.pattern(v) for v in {0.0, *limits}] + [subject.ruler.pattern(-0.0)], np.int64)
    return patterns[(patterns >= start) & (patterns < start + count)]


def party(pair: Pair, who: str, dtype: str) -> Party:
    """The function under test, of one array, at the pair's options."""
    options = dict(pair.options)
    if who == "ours":
        fn = implementation(pair)
        return _checked(lambda x: pair.call(fn, (), [x], options), pair.op, dtype)
    forward: Callable[..., Any] = torch_forward if who == "torch" else scipy_forward
    return _checked(lambda x: forward(pair, Built((x,), pair.arrays, (None,), options))[0], f"{who}'s {pair.op}", dtype)


def _checked(call: Party, name: str, dtype: str) -> Party:
    """The call, refusing a result of another shape or dtype, whose errors would mean nothing."""
    wanted = DTYPES[dtype]

    def checked(x):
        y = call(x)
        if getattr(y, "dtype", None) != wanted or y.shape != x.shape:
            given = f"{getattr(y, 'dtype', type(y).__name__)} of shape {getattr(y, 'shape', ())}"
            raise ParityError(f"{name} returns {given} for {dtype} of shape {x.shape}; a sweep needs the same dtype and shape.")
        return y

    return checked
