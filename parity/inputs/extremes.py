"""Extreme numbers among ordinary ones: at each place, under each option, several in a row, in several arrays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from parity.cases import Case
from parity.hostile import STEPS, beside
from parity.inputs.options import LEFT_OUT, values_of
from parity.inputs.places import PLACES, mixed, paired, placed, scaled, specials_of, tied
from parity.kinds import Kind
from parity.pair import Pair

MIXTURES, CROSSINGS, TIES, PAIRED, SCALED = 4, 6, 3, 8, 4
INTEGERS = (0.0, 1.0, -1.0, 2.0, -3.0)
"""Where many functions have roots and poles."""
INFINITE = ("infinities", "one_inf", "one_neg_inf", "two_infs", "opposite_infs")
"""Hazards of infinities: settings meet them in the first argument only."""
UNBOUNDED = {"square_overflow", "largest", "huge_matrix"}
"""Hazards of the kinds that may hold numbers of any size."""


def extremes(pair: Pair, elementwise: bool) -> Iterator[Case]:
    """Every case of an op that is about extreme numbers among ordinary ones."""
    yield from _places(pair)
    yield from _crossings(pair)
    yield from _under_options(pair)
    yield from _variants_on_hazards(pair)
    yield from _beside_knots(pair) if elementwise else _in_rows(pair)


def bearing(pair: Pair) -> list[Kind]:
    """The arguments that hold hostile numbers."""
    return [k for k in pair.arrays if k.role == "float" and specials_of(k)]


def _named(kinds: list[Kind]) -> Iterator[tuple[str, Kind]]:
    """Each argument with what its hazards' names begin with: its name, where there are several."""
    yield from ((f"{k.name}." if len(kinds) > 1 else "", k) for k in kinds)


def _places(pair: Pair) -> Iterator[Case]:
    for before, k in _named(bearing(pair)):
        for special in specials_of(k):
            for place in PLACES:
                yield Case(f"{before}{special}_{place}", {k.name: placed(k, special, place)})
        for i in range(MIXTURES):
            yield Case(f"{before}mixed_{i + 1}", {k.name: mixed(k, i)})
        for i in range(TIES if "ties" in k.hostile else 0):
            yield Case(f"{before}tied_{i + 1}", {k.name: tied(k, i)})


def _crossings(pair: Pair) -> Iterator[Case]:
    """Several arguments at once hold hazards, each another one."""
    kinds = [k for k in pair.arrays if k.hostile]
    if len(kinds) < 2:
        return
    for i in range(CROSSINGS):
        makers = {k.name: list(k.hostile.values())[(5 * i + 3 * j) % len(k.hostile)] for j, k in enumerate(kinds)}
        yield Case(f"crossed_{i + 1}", makers)


def _in_rows(pair: Pair) -> Iterator[Case]:
    """Two extreme numbers in one row; one row or column, or one matrix, of another size than the rest."""
    for before, k in _named(bearing(pair)):
        for i in range(PAIRED if len(specials_of(k)) > 1 else 0):
            yield Case(f"{before}paired_{i + 1}", {k.name: paired(k, i)})
    kinds = [k for k in pair.arrays if k.role == "float" and not k.exact and UNBOUNDED & set(k.hostile)]
    for before, k in _named(kinds):
        for i in range(SCALED if k.shape else 0):
            yield Case(f"{before}scaled_{i + 1}", {k.name: scaled(k, i)})


def _under_options(pair: Pair) -> Iterator[Case]:
    """Each value of an option meets a nan at each place, and every other extreme number at one, in turn."""
    kinds = bearing(pair)
    if not kinds:
        return
    turns, places = cycle(_named(kinds)), cycle(PLACES)
    for name, value in _choices(pair):
        before, k = next(turns)
        for special in specials_of(k):
            if k is not pair.arrays[0] and special in ("inf", "negative_inf"):
                continue
            for place in PLACES if special == "nan" else (next(places),):
                title = f"{name}={value}".replace(" ", "").replace("'", "")
                yield Case(f"{title}+{before}{special}_{place}", {k.name: placed(k, special, place)}, {name: value})


def _choices(pair: Pair) -> Iterator[tuple[str, object]]:
    """The values of each option that may be given alone."""
    for name, values in values_of(pair).items():
        for value in values:
            if value is not LEFT_OUT and (pair.together is None or pair.together({**pair.options, name: value})):
                yield name, value


def _beside_knots(pair: Pair) -> Iterator[Case]:
    """Points at every distance from those where something changes, and from a few integers."""
    points = tuple(dict.fromkeys((*pair.knots, *INTEGERS)))
    first = pair.arrays[0].name
    yield Case("beside_knots", {first: beside(points)}, shapes={first: (2 * (STEPS - 1) * len(points),)}, dtypes=pair.dtypes)


def _variants_on_hazards(pair: Pair) -> Iterator[Case]:
    """Each setting of the options on every hazard of each argument; infinities in the first argument only."""
    if not pair.crosses:
        return
    for variant in pair.variants:
        given = {n: v for n, v in variant.options.items() if not n.startswith("_")}
        if given and not variant.shapes and given == dict(variant.options):
            for before, k in _named([k for k in pair.arrays if k.hostile]):
                for name, maker in k.hostile.items():
                    if k is not pair.arrays[0] and name in INFINITE:
                        continue
                    yield Case(f"{variant.name}/{before}{name}", {k.name: maker}, given, condition=variant.condition)
            alike = {k.name: k.hostile["signed_zeros"] for k in pair.arrays if "signed_zeros" in k.hostile}
            if len(alike) == 2:  # differences of 0
                yield Case(f"{variant.name}/all.signed_zeros", alike, given, condition=variant.condition)
