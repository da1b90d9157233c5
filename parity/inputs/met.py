"""What the cases of an op meet, counted from the cases themselves, and what is missing by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from parity.cases import Case, build
from parity.formats import FORMATS
from parity.inputs.cotangents import COTANGENTS
from parity.inputs.extremes import bearing
from parity.inputs.further import layouts_of
from parity.inputs.lengths import LENGTHS, at_length, axes_of
from parity.inputs.options import LEFT_OUT, values_of
from parity.inputs.places import PLACES, number, positions, rows_of, specials_of
from parity.pair import Pair


@dataclass(frozen=True)
class Met:
    """One kind of input: how many there are for this op, and the names of those that no case meets."""

    what: str
    wanted: int
    missing: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many are met."""
        return self.wanted - len(self.missing)


def met(pair: Pair, cases: Sequence[Case]) -> list[Met]:
    """Every kind of input that the op has."""
    found = [_met(what, list(wanted(pair)), set(seen(pair, cases))) for what, wanted, seen in KINDS]
    return [m for m in found if m.wanted]


def _met(what: str, wanted: Sequence[Any], seen: set[Any]) -> Met:
    return Met(what, len(wanted), tuple(_text(w) for w in wanted if w not in seen))


def _text(item: Any) -> str:
    return item if isinstance(item, str) else " with ".join(map(str, item))


# -- what is wanted, and what is seen ------------------------------------------------------------------------------------------
def _places(pair: Pair) -> Iterator[str]:
    kinds = bearing(pair)
    for k in kinds:
        before = f"{k.name}." if len(kinds) > 1 else ""
        yield from (f"{before}{s}_{p}" for s, p in product(specials_of(k), PLACES))


def _seen_places(pair: Pair, cases: Sequence[Case]) -> Iterator[str]:
    """Read from the very arrays, of the usual shapes."""
    kinds = bearing(pair)
    for c in cases:
        mine = [k for k in kinds if k.name in c.hazards and k.name not in (*c.shapes, *c.absent) and not c.stored]
        arrays = dict(zip((k.name for k in pair.arrays), build(pair, c, "float64").arrays, strict=True)) if mine else {}
        for k in mine:
            before = f"{k.name}." if len(kinds) > 1 else ""
            rows = rows_of(arrays[k.name])
            yield from (f"{before}{s}_{p}" for s, p in product(specials_of(k), PLACES) if _stands(rows, s, p))


def _stands(rows: np.ndarray, special: str, place: str) -> bool:
    """Whether an extreme number stands at a place of these rows."""
    value = number(special, FORMATS["float64"])
    found = [rows[at] for at in positions(place, rows.shape)]
    return all((x == value or (x != x and value != value)) and np.signbit(x) == np.signbit(value) for x in found)


def _cotangents(pair: Pair) -> Sequence[str]:
    return COTANGENTS if pair.differentiable else ()


def _seen_cotangents(pair: Pair, cases: Sequence[Case]) -> Iterator[str]:
    yield from (c.cotangent for c in cases)


def _seen_layouts(pair: Pair, cases: Sequence[Case]) -> Iterator[str]:
    yield from (c.layout for c in cases)


def _laid_settings(pair: Pair) -> Iterator[str]:
    """Each setting of the options, in layouts of its own."""
    if any(k.role == "float" and k.shape for k in pair.arrays):
        yield from (v.name for v in pair.variants if not v.shapes)


def _seen_laid_settings(pair: Pair, cases: Sequence[Case]) -> Iterator[str]:
    yield from (c.name.partition("+layout_")[0] for c in cases if c.layout)


def _lengths(pair: Pair) -> Iterator[tuple[str, int]]:
    for i, axis in enumerate(axes_of(pair), 1):
        yield from ((f"axis {i}", n) for n in LENGTHS if at_length(pair, axis, n) is not None)


def _seen_lengths(pair: Pair, cases: Sequence[Case]) -> Iterator[tuple[str, int]]:
    for i, axis in enumerate(axes_of(pair), 1):
        for n in LENGTHS:
            found = at_length(pair, axis, n)
            if found is not None and any(dict(c.shapes) == found[0] for c in cases):
                yield f"axis {i}", n


def _pairs(pair: Pair) -> Iterator[tuple[str, str]]:
    """Any two values of two options that may meet."""
    for (a, xs), (b, ys) in combinations(values_of(pair).items(), 2):
        for x, y in product(xs, ys):
            given = {n: v for n, v in ((a, x), (b, y)) if v is not LEFT_OUT}
            if given and (pair.together is None or pair.together({**pair.options, **given})):
                yield _choice(a, x), _choice(b, y)


def _seen_pairs(pair: Pair, cases: Sequence[Case]) -> Iterator[tuple[str, str]]:
    names = list(values_of(pair))
    for c in cases:
        given = [_choice(n, c.options.get(n, LEFT_OUT)) for n in names]
        yield from combinations(given, 2)


def _choice(name: str, value: Any) -> str:
    return f"{name} {LEFT_OUT}" if value is LEFT_OUT else f"{name}={value!r}"


def _domains(pair: Pair) -> Iterator[str]:
    for k in pair.arrays:
        yield from (f"{k.name} under {_choice(name, value)}" for name, value, _ in k.instead)


def _seen_domains(pair: Pair, cases: Sequence[Case]) -> Iterator[str]:
    for c in cases:
        yield from (f"{k.name} under {_choice(n, v)}" for k in pair.arrays for n, v, _ in k.instead if c.options.get(n) == v)


Wanted = Callable[[Pair], Any]
Seen = Callable[[Pair, Sequence[Case]], Any]
KINDS: tuple[tuple[str, Wanted, Seen], ...] = (
    ("extreme numbers × places", _places, _seen_places),
    ("lengths of axes", _lengths, _seen_lengths),
    ("cotangents", _cotangents, _seen_cotangents),
    ("layouts", layouts_of, _seen_layouts),
    ("settings in further layouts", _laid_settings, _seen_laid_settings),
    ("pairs of option values", _pairs, _seen_pairs),
    ("domains under options", _domains, _seen_domains),
)
"""Each kind: what it is, all that there is of it for an op, and what the cases meet."""
