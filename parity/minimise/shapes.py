"""Fewer elements: axes are shortened together, because the lengths of an op's arrays depend on each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from parity import oracle
from parity.cases import generator
from parity.formats import FORMATS
from parity.loader import definition, is_elementwise
from parity.minimise.options import exchanged
from parity.minimise.trial import Trial

LONG = 16
"""Entries of a longer axis are not left out one by one."""


@dataclass(frozen=True)
class Axis:
    """One axis of one argument; its length is `blocks` times the length that is cut."""

    array: str
    axis: int
    blocks: int = 1


def shorten(trial: Trial) -> None:
    """Make the arrays as short as the failure allows."""
    if is_elementwise(trial.check.op) and _one_element(trial):
        return
    tried: set[tuple] = set()
    while not trial.spent:
        scope = next((s for s in _scopes(trial) if s not in tried), None)
        if scope is None:
            break
        tried.add(scope)
        _shorten(trial, *scope)


def _one_element(trial: Trial) -> bool:
    """Straight to the element that fails."""
    ((name, x),) = trial.arrays.items()
    if x.size <= 1:
        return True
    index = trial.seen.judged.outcome.index[1:]
    index = index if len(index) == x.ndim else (0,) * x.ndim
    cut = tuple(c[index].reshape(1) for c in trial.cotangents if c is not None)
    return trial.attempt({name: x[index].reshape(1)}, cut)


# -- which axes --------------------------------------------------------------------------------------------------------------
def _scopes(trial: Trial) -> Iterator[tuple[int, tuple[Axis, ...]]]:
    """Each length with the axes that may be cut together: all that have it, with those that hold it several times, those
    at the same place of their arrays, those of one array, one alone, and each two.
    """
    shapes = {n: np.shape(a) for n, a in trial.arrays.items() if isinstance(a, np.ndarray)}
    lengths = sorted({k for s in shapes.values() for k in s if k > 1}, reverse=True)
    for length in lengths:
        every = tuple(Axis(n, i) for n, s in shapes.items() for i, k in enumerate(s) if k == length)
        multiples = tuple(
            Axis(n, i, k // length) for n, s in shapes.items() for i, k in enumerate(s) if k and k % length == 0
        )  # fmt: skip
        yield length, every
        if multiples != every:
            yield length, multiples
        places: tuple[Callable[[Axis], Any], ...] = (
            lambda a: ("from the front", a.axis),
            lambda a: ("from the back", a.axis - len(shapes[a.array])),
            lambda a: a.array,
        )
        for place in places:
            yield from ((length, tuple(a for a in every if place(a) == p)) for p in dict.fromkeys(map(place, every)))
        yield from ((length, axes) for k in (1, 2) for axes in combinations(every, k))


def _hot(trial: Trial, length: int) -> list[int]:
    """Where the failing element lies on axes of this length."""
    position, *index = trial.seen.judged.outcome.index or (0,)
    truths = trial.seen.evaluation.truths
    truth = truths[position] if position < len(truths) else None
    if truth is None or len(index) != truth.value.ndim:
        return []
    return [i for i, n in zip(index, truth.value.shape, strict=True) if n == length]


# -- cutting -----------------------------------------------------------------------------------------------------------------
def _shorten(trial: Trial, length: int, axes: tuple[Axis, ...]) -> None:
    """To one entry if that is possible, else by leaving out ever smaller pieces."""
    for i in dict.fromkeys([*_hot(trial, length), 0, length - 1]):
        if _cut(trial, axes, length, [i]):
            return
    if length > LONG:
        length = _shortest_start(trial, axes, length)
    piece = length // 2
    while piece and not trial.spent:
        length = _without_pieces(trial, axes, length, piece)
        piece = 0 if length > LONG and piece <= length // 8 else piece // 2


def _shortest_start(trial: Trial, axes: tuple[Axis, ...], length: int) -> int:
    """By bisection, the first so many entries; the length that is left."""
    low, high = 1, length
    while high - low > 1 and not trial.spent:
        middle = (low + high) // 2
        if _cut(trial, axes, high, range(middle)):
            high = middle
        else:
            low = middle
    return high


def _without_pieces(trial: Trial, axes: tuple[Axis, ...], length: int, piece: int) -> int:
    """Leave out every piece of this length that is not needed; the length that is left."""
    start = 0
    while start < length and length > 1 and not trial.spent:
        keep = [i for i in range(length) if not start <= i < start + piece]
        if keep and _cut(trial, axes, length, keep):
            length = len(keep)
        else:
            start += piece
    return length


def _cut(trial: Trial, axes: tuple[Axis, ...], length: int, keep: Sequence[int]) -> bool:
    """Try the input with only the entries `keep` of these axes; labels are tried with new numbers and with their own."""
    roles, shapes = trial.roles(), dict(trial.case.shapes)
    arrays: dict[str, Any] = {}
    for name, a in trial.arrays.items():
        mine = [x for x in axes if x.array == name]
        if roles[name] == "rng" and mine:
            shapes[name] = tuple(
                len(keep) * (n // length) if any(x.axis == i for x in mine) else n for i, n in enumerate(a.shape)
            )
        elif roles[name] == "fixed":
            arrays[name] = exchanged(a, length, len(keep))
        elif isinstance(a, np.ndarray):
            arrays[name] = _taken(a, mine, length, keep)
    renumbered = {n: _renumbered(a, length, keep) if roles[n] == "int" else a for n, a in arrays.items()}
    return any(_try(trial, a, shapes, length, keep) for a in (renumbered, arrays))


def _try(trial: Trial, arrays: dict[str, Any], shapes: dict, length: int, keep: Sequence[int]) -> bool:
    """Try these arrays, with the options that state the length changed or not, and the cotangents cut to the new outputs."""
    built = trial.seen.evaluation.built.options
    new = {k: exchanged(v, length, len(keep)) for k, v in built.items()}
    changed = {**trial.case.options, **{k: v for k, v in new.items() if v != built[k]}}
    for options in [changed] if changed == trial.case.options else [changed, trial.case.options]:
        cotangents = _cut_cotangents(trial, arrays, shapes, {**built, **options}, length, keep)
        if cotangents is not None and trial.attempt(arrays, cotangents, shapes=shapes, options=options):
            return True
    return False


def _taken(a: np.ndarray, axes: Iterable[Axis], length: int, keep: Sequence[int]) -> np.ndarray:
    for x in axes:
        a = np.take(a, [b * length + i for b in range(x.blocks) for i in keep], axis=x.axis)
    return a


def _renumbered(a: np.ndarray, length: int, keep: Sequence[int]) -> np.ndarray:
    """Labels and indices into an axis that was cut: those of entries that are left, 0 for the others."""
    if not a.size or a.max() >= length or a.max() < 0:
        return a
    places = np.zeros(length, a.dtype)
    places[list(keep)] = np.arange(len(keep))
    return np.where(a < 0, a, places[a])


def _cut_cotangents(trial: Trial, arrays, shapes, options, length: int, keep: Sequence[int]):
    """The cotangents cut at the same places where that fits, () where new ones are to be drawn, None where the op refuses."""
    if trial.check.direction == "forward":
        return ()
    held = [arrays.get(k.name, a) for k, a in zip(trial.seen.evaluation.built.kinds, _built(trial, shapes), strict=True)]
    try:
        wanted = oracle.output_shapes(definition(trial.check.op), held, options)
    except Exception:  # the definition refuses these shapes
        trial.refused += 1
        return None
    cut = [_fitted(c, s, length, keep) for c, s in zip(trial.cotangents, wanted, strict=True)]
    fits = all((c is None) == (s is None) for c, s in zip(cut, wanted, strict=True))
    return tuple(cut) if fits else ()


def _built(trial: Trial, shapes) -> list[Any]:
    """The arguments, noise in its new shape."""
    built = trial.seen.evaluation.built
    return [
        k.ordinary(shapes.get(k.name, np.shape(a)), FORMATS["float64"], generator(1)) if k.role == "rng" else a
        for k, a in zip(built.kinds, built.arrays, strict=True)
    ]  # fmt: skip


def _fitted(c: np.ndarray | None, shape: tuple[int, ...] | None, length: int, keep: Sequence[int]) -> np.ndarray | None:
    """The cotangent with the entries that the new output has, or None where it can not be cut so."""
    if c is None or shape is None or c.ndim != len(shape):
        return None
    for axis, (old, new) in enumerate(zip(c.shape, shape, strict=True)):
        if old != new:
            if old % length or new * length != old * len(keep):
                return None
            c = _taken(c, [Axis("", axis, old // length)], length, keep)
    return c
