"""The second look: ball arithmetic judges the points that a scan kept, and its verdicts correct the counts of the scan."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity import oracle
from parity.check.errors import INFINITY, NAN, SIGN, errors, units_of
from parity.oracle import Truth
from parity.rounding import to_odd
from parity.sweeping.patterns import BINS, Ruler, bins_of
from parity.sweeping.scan import Points, Scan, relative

HIGHEST = 8
"""Of each binade so many of the worst points, in ULP and in units, are judged."""
MOST = 4096
"""At most so many wrong roundings, and as many near ties, of one chunk are judged."""
PIECES = 16
"""Where ball arithmetic cannot decide some of many points, it is asked about so many parts of them."""
FIELDS = ("value", "hi", "lo", "scale", "zero_sign")
NOTHING = {
    "worst": None, "worst_units": None, "examples": {}, "binades": [],
    "reference": {"ulps": 0.0, "pattern": 0, "wrong_nan": 0},
}  # fmt: skip
"""The findings of a chunk of which ball arithmetic decides no point."""
_one_at_a_time = threading.Lock()
"""The precision of ball arithmetic is one number for the whole process, and an executor may run two chunks in two threads."""


@dataclass(frozen=True)
class Subject:
    """The op that a chunk belongs to."""

    definition: Callable[..., Any]
    options: dict[str, Any]
    ruler: Ruler
    slack: float = 0.0
    """What the reference may be off, in ULP."""
    root: float = 0.0
    """Results smaller than this are judged one and all: nothing is claimed of the reference there."""


@dataclass
class Judged:
    """Points with the exact results (hi + lo), and what is wrong with what was returned for them."""

    points: Points
    hi: np.ndarray
    lo: np.ndarray
    error: np.ndarray
    units: np.ndarray
    misrounded: np.ndarray
    nan: np.ndarray
    infinity: np.ndarray
    zero_sign: np.ndarray
    reference_error: np.ndarray
    """The error of the reference in float64 ulp (of the result where that is normal in the dtype); inf where it is a wrong nan.
    0 below `Subject.root`."""


def select(scan: Scan, ruler: Ruler) -> Points:
    """The points of a chunk that are judged, each once."""
    wrong = _worst(Points.join(scan.wrong), lambda p: -_errors(p, ruler), MOST)
    ties = _worst(Points.join(scan.ties), lambda p: np.abs(_errors(p, ruler) - 0.5), MOST)
    highest = Points.join(scan.highest)
    tops = [_highest(highest, _errors(highest, ruler), ruler), _highest(highest, _relative(highest, ruler), ruler)]
    every = Points.join([*scan.asked, wrong, ties, *tops])
    return every.take(np.unique(every.pattern, return_index=True)[1])


def _errors(points: Points, ruler: Ruler) -> np.ndarray:
    return ruler.reference_errors(points.got, points.reference)


def _relative(points: Points, ruler: Ruler) -> np.ndarray:
    return relative(points.got, points.reference, ruler.format)


def _worst(points: Points, key, most: int) -> Points:
    return points.take(np.argsort(key(points), kind="stable")[:most])


def _highest(points: Points, size: np.ndarray, ruler: Ruler) -> Points:
    """The largest few of each binade; what is no number comes last."""
    order = np.argsort(-np.where(np.isfinite(size), size, -1.0), kind="stable")
    binades = (points.pattern >> ruler.shift)[order]
    return points.take(np.concatenate([np.zeros(0, np.int64), *(order[binades == b][:HIGHEST] for b in np.unique(binades))]))


def judge(subject: Subject, points: Points) -> Judged:
    """The verdict of ball arithmetic on each point; points on which it has none are left out."""
    with _one_at_a_time:
        truths, decided = _truths(subject, subject.ruler.values(points.pattern))
    joined = Truth(*(np.concatenate([np.zeros(0), *(getattr(t, name) for t in truths)]) for name in FIELDS))
    assert joined.hi is not None
    assert joined.lo is not None
    judged = _verdicts(subject.ruler, points.take(np.array(decided, bool)), joined, joined.hi, joined.lo)
    judged.reference_error[np.abs(joined.hi) < subject.root] = 0.0
    return judged


def _truths(subject: Subject, x: np.ndarray) -> tuple[list[Truth], list[bool]]:
    """The truth of what can be decided, in pieces, and which inputs those are (x - tanh(x) at 2^24 is 10^-10^7 off a tie)."""
    try:
        return [oracle.forward(subject.definition, (x,), subject.options, subject.ruler.dtype)[0]], [True] * len(x)
    except oracle.OracleError:
        if len(x) == 1:
            return [], [False]
    truths, decided = [], []
    for piece in np.array_split(x, min(len(x), PIECES)):
        found = _truths(subject, piece)
        truths += found[0]
        decided += found[1]
    return truths, decided


@np.errstate(all="ignore")
def _verdicts(ruler: Ruler, points: Points, truth: Truth, hi: np.ndarray, lo: np.ndarray) -> Judged:
    got, value = points.got, truth.value.astype(np.float64)
    found = errors(got, truth, ruler.dtype, same_dtype=False)
    return Judged(
        points,
        hi,
        lo,
        ruler.errors(got, hi, lo, value, to_odd(hi, lo)),
        np.where(found.stage == SIGN, units_of(got, truth, ruler.dtype), found.units),
        (got != value) & ~(np.isnan(got) & np.isnan(value)),
        found.stage == NAN,
        found.stage == INFINITY,
        found.stage == SIGN,
        _reference_error(ruler, points.reference, hi, lo),
    )


@np.errstate(all="ignore")
def _reference_error(ruler: Ruler, reference: np.ndarray, hi: np.ndarray, lo: np.ndarray) -> np.ndarray:
    """The reference in float64 ulp (of results that are normal in the dtype), whatever the dtype makes of it."""
    error = units_of(reference, Truth(hi, hi, lo), ruler.dtype, unit=1 / ruler.per_ulp(to_odd(hi, lo)))
    return error * 2.0 ** (53 - ruler.format.precision)


# -- the result of a chunk -----------------------------------------------------------------------------------------------------
def corrected(scan: Scan, judged: Judged, subject: Subject) -> dict[str, Any]:
    """The counts of the scan, with the reference's opinion of each judged point replaced by the truth.

    `unjudged` counts the wrong roundings and the near ties for which there is the reference's opinion alone.
    """
    points, ruler = judged.points, subject.ruler
    exact = ruler.rounded(points.reference)
    guess = ruler.errors(points.got, points.reference, 0.0, exact, points.reference)
    nan, infinity = ruler.faults(points.got, points.reference, exact)
    misrounded = (points.got != exact) & ~(np.isnan(points.got) & np.isnan(exact))
    ties = (np.abs(guess - 0.5) <= subject.slack) & ~misrounded & (subject.slack > 0)
    histogram = scan.histogram - _count(guess) + _count(judged.error)
    return {
        "histogram": histogram.tolist(),
        "misrounded": scan.misrounded + int(judged.misrounded.sum()) - int(misrounded.sum()),
        "nan": scan.nan + int(judged.nan.sum()) - int(nan.sum()),
        "infinity": scan.infinity + int(judged.infinity.sum()) - int(infinity.sum()),
        "zero_sign": int(judged.zero_sign.sum()),
        "unjudged": [scan.misrounded - int(misrounded.sum()), scan.near_ties - int(ties.sum())],
    }


def _count(errors: np.ndarray) -> np.ndarray:
    return np.bincount(bins_of(errors), minlength=len(BINS))


def findings(judged: Judged, ruler: Ruler) -> dict[str, Any]:
    """The worst points, one example of each fault, the largest error of each binade, and how good the reference was."""
    if not len(judged.hi):
        return NOTHING
    number = np.where(np.isfinite(judged.error), judged.error, -1.0)
    units = np.where(np.isfinite(judged.units), judged.units, -1.0)
    binades = judged.points.pattern >> ruler.shift
    worst = int(np.argmax(judged.reference_error))
    return {
        "worst": _point(judged, int(np.argmax(number))),
        "worst_units": _point(judged, int(np.argmax(units))),
        "examples": {
            name: _point(judged, int(np.flatnonzero(mask)[0]))
            for name, mask in (("nan", judged.nan), ("infinity", judged.infinity), ("zero_sign", judged.zero_sign))
            if mask.any()
        },
        "binades": [[int(b), float(number[binades == b].max())] for b in np.unique(binades)],
        "reference": {
            "ulps": _finite(judged.reference_error[worst]),
            "pattern": int(judged.points.pattern[worst]),
            "wrong_nan": int(np.isinf(judged.reference_error).sum()),
        },
    }


def _point(judged: Judged, i: int) -> dict[str, Any]:
    """One point as plain data; numbers are written in hexadecimal, which also spells nan, inf and -0.0."""
    return {
        "pattern": int(judged.points.pattern[i]),
        "got": float(judged.points.got[i]).hex(),
        "exact": float(judged.hi[i]).hex(),
        "ulps": _finite(judged.error[i]),
        "units": _finite(judged.units[i]),
    }


def _finite(number) -> float | None:
    """JSON has no infinity."""
    return float(number) if math.isfinite(number) else None
