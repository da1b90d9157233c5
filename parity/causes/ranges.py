"""Mistakes that show at one size: an exponential or a square leaves the range of the dtype."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from parity.causes.scene import Scene, floats, outputs, shown, truths
from parity.hostile import Format
from parity.judging import Seen

STEPS = 9


@dataclass(frozen=True)
class Limit:
    """Where an intermediate result leaves the range, and what to say of it."""

    at: Callable[[Format], float]
    slack: float
    """The threshold that is found may be off by this factor (sums of several terms, factors of the op)."""
    sentence: str


SHIFT = (
    "It does not subtract the maximum before exponentiating: from {name} = {at} on the exponential overflows. "
    "Use exp(x - max(x))."
)
OVERFLOW = (
    "An exponential overflows: it is right up to {name} = {under} and fails from {at} on. Branch on the sign, or use exp(-|x|)."
)
UNDERFLOW = (
    "An exponential underflows before its logarithm or quotient is taken: right up to {name} = {under}, wrong from {at} on. "
    "Stay with logarithms (log-sum-exp, log1p)."
)
EXPONENTIAL = (
    "An exponential leaves the range before its logarithm or quotient is taken: right up to {name} = {under}, wrong from {at} "
    "on. Stay with logarithms (log-sum-exp, log1p)."
)
UP = "right up to {name} = {under}, wrong from {at} on"
DOWN = "right down to {name} = {under}, wrong at {at}"
DOUBLED = f"An exponential of twice the input overflows: {UP}. Use exp(-2|x|)."
SQUARED = f"A square or product overflows: {UP}. Divide by the largest magnitude first, or use a wider dtype."
CUBED = f"A third power overflows: {UP}. Rescale first."
SUMMED = f"A sum or product overflows near the largest number: {UP}. Rescale first."
TOO_SMALL = f"A square or product underflows: {DOWN}. Divide by the largest magnitude first."
SUBNORMAL = f"A subnormal number is lost, or its reciprocal overflows: {DOWN}. Rescale first."
GROWING = (
    Limit(lambda f: f.log_max, 1.12, OVERFLOW),
    Limit(lambda f: f.log_max / 2, 1.12, DOUBLED),
    Limit(lambda f: -f.log_smallest, 1.1, UNDERFLOW),
    Limit(lambda f: -f.log_smallest / 2, 1.1, UNDERFLOW),
    Limit(lambda f: math.sqrt(f.max), 8.0, SQUARED),
    Limit(lambda f: f.max ** (1 / 3), 8.0, CUBED),
    Limit(lambda f: f.max, 40.0, SUMMED),
)
SHRINKING = (
    Limit(lambda f: math.sqrt(f.tiny), 2.0**14, TOO_SMALL),
    Limit(lambda f: f.tiny, 2.0**5, SUBNORMAL),
)

SOFT = ("softmax", "softmin", "logsumexp", "logcumsumexp", "logaddexp", "cross_entropy", "categorical", "gumbel", "attention")


def leaves_range(s: Scene) -> str:
    """The size at which it begins to fail is that of an overflow or underflow."""
    if s.seen.party.error or s.seen.judged.outcome.stage not in ("nan", "infinity", "values"):
        return ""
    for name, a in floats(s.seen.evaluation).items():
        a = np.asarray(a)
        finite = a[np.isfinite(a)] if a.dtype.kind == "f" else a[:0]
        if not finite.size or not finite.any():
            continue
        if (found := _growing(s, name, finite)) or (found := _shrinking(s, name, finite)):
            return found
    return ""


def _growing(s: Scene, name: str, finite: np.ndarray) -> str:
    top = float(np.abs(finite.astype(np.float64)).max())
    if top < 8:
        return ""
    for shape in _patterns(s, name, finite):
        high = _first_failing(s, name, shape, [top, *(z for z in (1.5 * s.fmt.log_max,) if z < top)])
        if high is None:
            continue
        low, high = _between(s, name, shape, 1.0, high)
        for limit in GROWING if low is not None else ():
            if 1 / limit.slack <= math.sqrt(low * high) / limit.at(s.fmt) <= limit.slack:
                return _sentence(s, limit, name, shape, low, high)
    return ""


def _sentence(s: Scene, limit: Limit, name: str, shape, low: float, high: float) -> str:
    text = limit.sentence
    if text in (OVERFLOW, UNDERFLOW) and _lost(s):
        text = EXPONENTIAL
    if text in (OVERFLOW, UNDERFLOW, EXPONENTIAL) and any(w in s.check.op for w in SOFT) and shape.uniform:
        text = SHIFT if shape.sign > 0 else SHIFT.replace("overflows", "underflows to zero")
    sign = "-" if shape.sign < 0 else ""
    return text.format(name=name, under=sign + shown(low), at=sign + shown(high))


def _lost(s: Scene) -> bool:
    """Whether something is -inf or 0 that should not be: what an underflow leaves behind."""
    pairs = zip(outputs(s.seen), truths(s.seen), strict=False)
    return any(
        g is not None and t is not None and g.shape == t.shape and (((g == -np.inf) | (g == 0)) & (g != t)).any()
        for g, t in pairs
    )


def rows_together(s: Scene) -> str:
    """A row of the first array, to which a row of the result belongs, is wrong beside others and right alone."""
    outcome, shape = s.seen.judged.outcome, s.seen.evaluation.truths[0].value.shape if s.seen.evaluation.truths[0] else ()
    name, a = next(iter(floats(s.seen.evaluation).items()))
    a, index = np.asarray(a), outcome.index[1:]
    if s.seen.party.error or a.dtype.kind != "f" or outcome.stage not in ("nan", "infinity"):
        return ""
    if a.ndim < 2 or len(a) < 2 or not index or shape[:1] != a.shape[:1]:
        return ""
    alone = s.altered({name: np.repeat(a[index[0]][None], len(a), 0)})
    if alone is None or alone.judged.grade == "fail":
        return ""
    return (
        f"Rows of `{name}` spoil each other: row {index[0]} is wrong beside the others and right alone. "
        "Take maxima and sums along the axis (axis=..., keepdims=True), not over the whole array."
    )


def _shrinking(s: Scene, name: str, finite: np.ndarray) -> str:
    top = float(np.abs(finite.astype(np.float64)).max())
    if top > 2.0**-6:
        return ""
    shape = _Pattern("as they are", 1.0, False, lambda c, size: finite_scaled(finite, c, size))
    low, high = _between(s, name, shape, 1.0, top)
    for limit in SHRINKING if low is not None else ():
        if 1 / limit.slack <= math.sqrt(low * high) / limit.at(s.fmt) <= limit.slack:
            return limit.sentence.format(name=name, under=shown(low), at=shown(high))
    return ""


def finite_scaled(finite: np.ndarray, c: float, shape) -> np.ndarray:
    """The finite numbers, scaled so that the largest has magnitude `c`."""
    x = finite.astype(np.float64)
    return np.resize(x / np.abs(x).max() * c, shape)


@dataclass(frozen=True)
class _Pattern:
    name: str
    sign: float
    uniform: bool
    make: Callable


def _patterns(s: Scene, name: str, finite: np.ndarray) -> Iterator[_Pattern]:
    if finite.max() > 8:
        yield _Pattern("all alike", 1.0, True, lambda c, shape: np.full(shape, c))
    if finite.min() < -8:
        yield _Pattern("all alike, negative", -1.0, True, lambda c, shape: np.full(shape, -c))
    if finite.size > 1:
        yield _Pattern("as they are", 1.0, False, lambda c, shape: finite_scaled(finite, c, shape))


def _at(s: Scene, name: str, shape: _Pattern, c: float) -> Seen | None:
    a = floats(s.seen.evaluation)[name]
    return s.altered({name: shape.make(c, np.shape(a)).astype(a.dtype)})


def _first_failing(s: Scene, name: str, shape: _Pattern, sizes) -> float | None:
    for c in sorted(sizes):
        seen = _at(s, name, shape, c)
        if seen is not None and seen.judged.grade == "fail" and _wild(seen):
            return c
    return None


def _wild(seen: Seen) -> bool:
    """Whether something is not finite or is wholly lost, where the truth is finite."""
    for g, t in zip(outputs(seen), truths(seen), strict=False):
        if g is None or t is None or g.shape != t.shape:
            continue
        with np.errstate(all="ignore"):
            lost = np.isfinite(t) & (~np.isfinite(g) | (np.abs(g - t) > 2.0**-7 * np.abs(t)))
        if lost.any():
            return True
    return False


def _between(s: Scene, name: str, shape: _Pattern, good: float, bad: float) -> tuple[float | None, float]:
    """The last size that is right and the first that fails, by halving the exponent between them."""
    first = _at(s, name, shape, good)
    if first is None or first.judged.grade == "fail":
        return None, bad
    for _ in range(STEPS):
        middle = math.sqrt(good) * math.sqrt(bad)
        seen = _at(s, name, shape, middle)
        if seen is None:
            return None, bad
        good, bad = (good, middle) if seen.judged.grade == "fail" else (middle, bad)
    return good, bad
