"""Mistakes that show at one size: an exponential or a square leaves the range of the dtype."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parity.causes.claims import Claim, experiment
from parity.causes.comparing import format_number, outputs, pairs_of, passed, real_arrays, truths, values
from parity.causes.diagnosis import Diagnosis
from parity.causes.numbers import exponentiates
from parity.formats import Format

if TYPE_CHECKING:
    from parity.candidate.grade import Seen

STEPS = 9


@dataclass(frozen=True)
class Limit:
    """Where an intermediate result leaves the range, and what to say of it."""

    kind: str
    at: Callable[[Format], float]
    slack: float
    """The threshold that is found may be off by this factor (sums of several terms, factors of the op)."""
    sentence: str
    narrow: bool = True
    """Whether the threshold means something in a dtype of few exponents, where all of them lie near each other."""


UP = "right up to {name} = {under}, wrong from {at} on"
DOWN = "right down to {name} = {under}, wrong at {at}"
SHIFT = (
    "It does not subtract the maximum before exponentiating: from {name} = {at} on the exponential {how}. Use exp(x - max(x))."
)
OVERFLOW = (
    "An exponential overflows: it is right up to {name} = {under} and fails from {at} on. Keep the arguments of exp below 0."
)
LOGARITHMS = f"before its logarithm or quotient is taken: {UP}. Stay with logarithms (log-sum-exp, log1p)."
UNDERFLOW, EXPONENTIAL = f"An exponential underflows {LOGARITHMS}", f"An exponential leaves the range {LOGARITHMS}"
DOUBLED = f"An exponential of twice the input overflows: {UP}. Use exp(-2|x|)."
SQUARED = f"A square or product overflows: {UP}. Divide by the largest magnitude first, or use a wider dtype."
CUBED = f"A third power overflows: {UP}. Rescale first."
SUMMED = f"A sum or product overflows near the largest number: {UP}. Rescale first."
TOO_SMALL = f"A square or product underflows: {DOWN}. Divide by the largest magnitude first."
SUBNORMAL = f"A subnormal number is lost, or its reciprocal overflows: {DOWN}. Rescale first."
EXPONENTIALS = (
    Limit("exp overflow", lambda f: f.log_max, 1.12, OVERFLOW),
    Limit("exp doubled", lambda f: f.log_max / 2, 1.06, DOUBLED, narrow=False),
    Limit("exp underflow", lambda f: -f.log_smallest, 1.1, UNDERFLOW),
    Limit("exp underflow", lambda f: -f.log_smallest / 2, 1.06, UNDERFLOW, narrow=False),
)
POWERS = (
    Limit("square overflow", lambda f: math.sqrt(f.max), 8.0, SQUARED),
    Limit("cube overflow", lambda f: f.max ** (1 / 3), 8.0, CUBED, narrow=False),
    Limit("sum overflow", lambda f: f.max, 40.0, SUMMED),
)
SHRINKING = (
    Limit("square underflow", lambda f: math.sqrt(f.tiny), 2.0**14, TOO_SMALL, narrow=False),
    Limit("subnormal lost", lambda f: f.tiny, 2.0**5, SUBNORMAL),
)


@dataclass(frozen=True)
class _Pattern:
    sign: float
    uniform: bool
    make: Callable


def _leaves_range(d: Diagnosis, seen: Seen) -> tuple[str, str] | None:
    """The size at which it begins to fail is that of an overflow or underflow."""
    if seen.judged.outcome.stage not in ("nan", "infinity", "values"):
        return None
    for name, a in real_arrays(seen.evaluation).items():
        finite = a[np.isfinite(a)]
        if finite.size and finite.any() and (found := _growing(d, seen, name, finite) or _shrinking(d, seen, name, finite)):
            return found
    return None


def _only(d: Diagnosis, limits, low: float, high: float) -> Limit | None:
    """The limit that a threshold between these two sizes belongs to; None where there are several, or none."""
    narrow, size = d.fmt.log_max < 20, math.sqrt(low) * math.sqrt(high)
    found = [
        limit for limit in limits
        if (limit.narrow or not narrow) and 1 / limit.slack <= size / limit.at(d.fmt) <= limit.slack
    ]  # fmt: skip
    if found and all(limit in EXPONENTIALS for limit in found):  # near each other, and sharp: the nearest one by far
        off = sorted((abs(math.log(size / limit.at(d.fmt))), limit.kind, limit) for limit in found)
        return off[0][2] if len(off) == 1 or off[0][0] < off[1][0] / 2 else None
    return found[0] if len({limit.kind for limit in found}) == 1 else None


def _growing(d: Diagnosis, seen: Seen, name: str, finite: np.ndarray) -> tuple[str, str] | None:
    top = float(np.abs(finite.astype(np.float64)).max())
    if top < 8:
        return None
    limits = (*EXPONENTIALS, *POWERS) if exponentiates(d.check.op) else POWERS
    for pattern in _patterns(finite):
        high = _first_failing(d, seen, name, pattern, [top, *(z for z in (1.5 * d.fmt.log_max,) if z < top)])
        if high is None:
            continue
        low, high = _between(d, seen, name, pattern, 1.0, high)
        limit = _only(d, limits, low, high) if low is not None else None
        if limit is not None:
            return _told(d, seen, limit, name, pattern, low, high)
    return None


def _told(d: Diagnosis, seen: Seen, limit: Limit, name: str, pattern: _Pattern, low: float, high: float) -> tuple[str, str]:
    text, kind = limit.sentence, limit.kind
    if text in (OVERFLOW, UNDERFLOW) and _lost(seen):
        text, kind = EXPONENTIAL, "exp"
    if text in (OVERFLOW, UNDERFLOW, EXPONENTIAL) and pattern.uniform and _is_shifted_with(d, seen, name):
        text, kind = SHIFT, "shift"
    sign, how = ("-", "underflows to zero") if pattern.sign < 0 else ("", "overflows")
    under, at = sign + format_number(low), sign + format_number(high)
    return kind.split()[0], text.format(name=name, under=under, at=at, how=how)


def _is_shifted_with(d: Diagnosis, seen: Seen, name: str) -> bool:
    """Whether the exact result stays the same, or is shifted, where a constant is added to the whole array."""
    plain = d.fresh("cause")
    if d.elementwise or plain is None:
        return False
    e = plain.evaluation
    moved = [a + 4 if k.name == name else a for k, a in zip(e.built.kinds, e.built.arrays, strict=False)]
    one, two = d.truth(e), d.truth(e, arrays=moved)
    if one is None or two is None:
        return False
    steps = [values(b) - values(a) for a, b in zip(one, two, strict=True) if a is not None]
    limit = 2.0**-6 if d.fmt.precision < 12 else 2.0**-12
    return all((np.abs(step) < limit).all() or (np.abs(step - 4) < limit).all() for step in steps)


def _lost(seen: Seen) -> bool:
    """Whether something is -inf or 0 that should not be: what an underflow leaves behind."""
    return any((((g == -np.inf) | (g == 0)) & (g != t)).any() for g, t in pairs_of(seen))


def _shrinking(d: Diagnosis, seen: Seen, name: str, finite: np.ndarray) -> tuple[str, str] | None:
    top = float(np.abs(finite.astype(np.float64)).max())
    if top > 2.0**-6:
        return None
    pattern = _Pattern(1.0, False, lambda c, size: _scaled(finite, c, size))
    last = _at(d, seen, name, pattern, top)
    if last is None or not _wild(last):
        return None
    low, high = _between(d, seen, name, pattern, 1.0, top)
    limit = _only(d, SHRINKING, low, high) if low is not None else None
    if limit is None:
        return None
    return limit.kind, limit.sentence.format(name=name, under=format_number(low), at=format_number(high))


def _scaled(finite: np.ndarray, c: float, shape) -> np.ndarray:
    """The finite numbers, scaled so that the largest has magnitude `c`."""
    x = finite.astype(np.float64)
    return np.resize(x / np.abs(x).max() * c, shape)


def _patterns(finite: np.ndarray) -> Iterator[_Pattern]:
    if finite.max() > 8:
        yield _Pattern(1.0, True, lambda c, shape: np.full(shape, c))
    if finite.min() < -8:
        yield _Pattern(-1.0, True, lambda c, shape: np.full(shape, -c))
    if finite.size > 1:
        yield _Pattern(1.0, False, lambda c, shape: _scaled(finite, c, shape))


def _at(d: Diagnosis, seen: Seen, name: str, pattern: _Pattern, c: float) -> Seen | None:
    a = real_arrays(seen.evaluation)[name]
    return d.altered({name: pattern.make(c, np.shape(a)).astype(a.dtype)}, at=seen)


def _first_failing(d: Diagnosis, seen: Seen, name: str, pattern: _Pattern, sizes) -> float | None:
    for c in sorted(sizes):
        found = _at(d, seen, name, pattern, c)
        if found is not None and found.judged.grade == "fail" and _wild(found):
            return c
    return None


def _wild(seen: Seen) -> bool:
    """Whether something is not finite, or far off beside the largest result, where the truth is finite."""
    for g, t in pairs_of(seen):
        finite = np.isfinite(t)
        size = np.abs(t).max(initial=0.0, where=finite)
        if (finite & (~np.isfinite(g) | (np.abs(g - t) > 2.0**-7 * size))).any():
            return True
    return False


def _between(d: Diagnosis, seen: Seen, name: str, pattern: _Pattern, good: float, bad: float) -> tuple[float | None, float]:
    """The last size that is right and the first that fails, by halving the exponent between them."""
    first = _at(d, seen, name, pattern, good)
    if not passed(first) or _wild(first):
        return None, bad
    for _ in range(STEPS):
        middle = math.sqrt(good) * math.sqrt(bad)
        found = _at(d, seen, name, pattern, middle)
        if found is None:
            return None, bad
        good, bad = (good, middle) if _wild(found) else (middle, bad)
    return good, bad


def _rows_together(d: Diagnosis, seen: Seen) -> tuple[str, str] | None:
    """A row of the first array, to which a row of the result belongs, is wrong beside others and right alone."""
    outcome, truth = seen.judged.outcome, truths(seen)[0]
    arrays = real_arrays(seen.evaluation)
    if not arrays or truth is None or outputs(seen)[0] is None or outcome.stage not in ("nan", "infinity"):
        return None
    name, a = next(iter(arrays.items()))
    index = outcome.index[1:]
    if a.ndim < 2 or len(a) < 2 or not index or truth.shape[:1] != a.shape[:1]:
        return None
    if all(np.array_equal(row, a[index[0]], equal_nan=True) for row in a):
        return None
    if not passed(d.altered({name: np.repeat(a[index[0]][None], len(a), 0)}, at=seen)):
        return None
    return "", (
        f"Rows of `{name}` spoil each other: row {index[0]} is wrong beside the others and right alone. "
        "Take maxima and sums along the axis (axis=..., keepdims=True), not over the whole array."
    )


def leaves_range(d: Diagnosis) -> Iterator[Claim]:
    """The claim that an intermediate result leaves the range."""
    yield from experiment("range", _leaves_range)(d)


RANGES = (leaves_range, experiment("rows", _rows_together))
