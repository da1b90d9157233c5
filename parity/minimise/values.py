"""Simpler values: 0, 1, small integers, powers of two, numbers of few digits; whole arrays first, then single elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from parity.formats import DTYPES
from parity.minimise.trial import FEW, Trial
from parity.search.ranges import Range, cotangent_range, ranges_of

Attempt = Callable[[np.ndarray], bool]


def simplify_values(trial: Trial) -> None:
    """Replace every number by a simpler one where the failure stays; all within the range of the op's arguments."""
    ranges = ranges_of(trial.check.op, trial.check.dtype)
    for name, role in trial.roles().items():
        if name not in trial.arrays or not isinstance(trial.arrays[name], np.ndarray):
            continue

        def attempt(new: np.ndarray, name: str = name) -> bool:
            return trial.attempt({name: new})

        if role == "float" and not ranges[name].frozen:
            _simplify(trial, lambda name=name: trial.arrays[name], attempt, ranges[name])
        elif role in ("int", "bool"):
            _simplify_integers(lambda name=name: trial.arrays[name], attempt)
    for k, c in enumerate(trial.cotangents):
        if c is not None:
            _simplify(
                trial,
                lambda k=k: _held(trial, k),
                lambda new, k=k: _replaced(trial, k, new),
                cotangent_range(trial.check.dtype),
            )


def _held(trial: Trial, k: int) -> np.ndarray:
    c = trial.cotangents[k]
    assert c is not None
    return c


def _replaced(trial: Trial, k: int, new: np.ndarray) -> bool:
    return trial.attempt({}, (*trial.cotangents[:k], new, *trial.cotangents[k + 1 :]))


# -- floats ------------------------------------------------------------------------------------------------------------------
def _simplify(trial: Trial, current: Callable[[], np.ndarray], attempt: Attempt, allowed: Range) -> None:
    for whole in (np.zeros_like, np.ones_like, np.rint, _powers_of_two):
        x = current()
        with np.errstate(all="ignore"):
            new = np.where(np.isfinite(x), whole(x.astype(np.float64)), x).astype(x.dtype)
        if _complexities(new) < _complexities(x) and _inside(new, allowed) and attempt(new) and whole is np.zeros_like:
            break
    size = current().size
    for flat in range(size if size <= 4 * FEW else 0):
        _simplify_element(current, attempt, allowed, flat)


def _simplify_element(current: Callable[[], np.ndarray], attempt: Attempt, allowed: Range, flat: int) -> None:
    x = current()
    old = float(x.reshape(-1)[flat])
    for value in simpler(old, str(x.dtype)):
        new = np.array(x, order="C")
        with np.errstate(all="ignore"):
            new.reshape(-1)[flat] = value
        if _inside(new, allowed) and attempt(new):
            return


def _inside(x: np.ndarray, allowed: Range) -> bool:
    """Whether every number is one that the op is judged on."""
    wide = x.astype(np.float64)
    return bool(np.array_equal(allowed.applied(wide), wide, equal_nan=True))


def _powers_of_two(x: np.ndarray) -> np.ndarray:
    return np.where(x == 0, x, np.copysign(np.exp2(np.rint(np.log2(np.abs(x)))), x))


def simpler(value: float, dtype: str) -> Iterator[float]:
    """Numbers that are simpler than this one, the simplest first.

    >>> list(simpler(2.7, "float64"))
    [0.0, 1.0, -1.0, 2.0, 3.0]
    """
    rank = complexity(value)
    for new in dict.fromkeys(_simple(value, dtype)):
        if complexity(new) < rank:
            yield new


def _simple(value: float, dtype: str) -> Iterator[float]:
    yield from (0.0, 1.0, -1.0, 2.0)
    if not math.isfinite(value) or value == 0:
        return
    if 0.5 < abs(value) < 1e6:
        yield float(round(value))
    yield math.copysign(2.0 ** min(max(round(math.log2(abs(value))), -1074), 1023), value)
    for digits in (1, 2, 3):
        short = np.asarray(float(f"{value:.{digits - 1}e}"))
        with np.errstate(all="ignore"):
            yield float(short.astype(DTYPES[dtype]))


def complexity(value: float) -> float:
    """How hard a number is to read: 0 is the simplest, then 1, -1, 2, integers, powers of two, short decimals, the rest.

    >>> complexity(0.0) < complexity(-1.0) < complexity(7.0) < complexity(0.125) < complexity(0.3) < complexity(0.123456)
    True
    """
    if value in (0.0, 1.0, -1.0, 2.0):
        return (0.0, 1.0, -1.0, 2.0).index(value) + (0.5 if math.copysign(1.0, value) < 0 and value == 0 else 0.0)
    if not math.isfinite(value):
        return 50.0
    if value == int(value) and abs(value) < 1e6:
        return 4.0 + abs(value) / 1e6
    if abs(math.frexp(value)[0]) == 0.5:
        return 6.0
    return 10.0 + len(np.format_float_scientific(np.float32(value) if _short(value) else value, trim="-"))


def _complexities(x: np.ndarray) -> float:
    return sum(map(complexity, x.astype(np.float64).reshape(-1).tolist()))


def _short(value: float) -> bool:
    """Whether a number is one of float32, whose decimal digits are then fewer."""
    with np.errstate(all="ignore"):
        return float(np.float32(value)) == value


# -- integers ----------------------------------------------------------------------------------------------------------------
def _simplify_integers(current: Callable[[], np.ndarray], attempt: Attempt) -> None:
    x = current()
    if not x.any() or attempt(np.zeros_like(x)):
        return
    for flat in range(x.size if x.size <= 4 * FEW else 0):
        x = current()
        old = x.reshape(-1)[flat]
        for value in dict.fromkeys((0, 1, old // 2)):
            new = np.array(x, order="C")
            new.reshape(-1)[flat] = value
            if abs(int(value)) < abs(int(old)) and attempt(new):
                break
