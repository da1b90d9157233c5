"""The cases that are made for every op: places, mixtures, cotangents, layouts.  Each is judged against the truth alone.

Where a case is one of many of its kind, it is asked in one dtype.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle

from parity.cases import LAID, Case
from parity.inputs.arguments import argument_cases
from parity.inputs.between import between, refilled
from parity.inputs.cotangents import COTANGENTS, LAID_OUT, NUMBERS
from parity.inputs.extremes import bearing, extremes
from parity.inputs.layouts import CONDITION_OF, LAYOUTS, LEAST_AXES
from parity.inputs.lengths import LENGTHS, at_length, axes_of, few_values, within_bounds
from parity.inputs.options import settings
from parity.inputs.places import placed, specials_of
from parity.kinds import Maker
from parity.pair import TWO_BYTES, Pair

LONG = 2049
"""The length from which on rows have few values, so that the truth is quick."""
EXTREME = (130, 4097)
"""Lengths at which an extreme number stands far off."""
NARROWED = {300: "bfloat16", 4097: "float16"}
"""Lengths that are asked in a narrow dtype too: a sum or a count that is kept in it sticks at 256 or at 2048."""


def further_cases(pair: Pair, drawn: Sequence[Case], elementwise: bool = False) -> list[Case]:
    """The further cases of an op; `drawn` are its own."""
    turn = partial(_in_one_dtype, pair)
    found = [turn(c) for c in extremes(pair, elementwise)]
    laid = list(_laid_out(pair, drawn))
    found += [turn(c) for c in (*laid, *_one_laid_out(pair), *_rest_of_layouts(pair, {c.layout for c in (*drawn, *laid)}))]
    found += [turn(c) for c in _lengths(pair, elementwise)]
    found += [turn(c) for c in _settings(pair, drawn)]
    found += [turn(c) for c in between(pair, drawn)]
    found += [turn(Case(s.name, {}, s.options, s.shapes, s.absent, condition=s.condition)) for s in pair.structures]
    found += [turn(c) for c in argument_cases(pair)]
    found.append(refilled())
    if pair.differentiable:
        found += [Case(f"dy_{name}", cotangent=name, directions=("backward",)) for name in NUMBERS]
        found += [turn(Case(f"dy_{name}", cotangent=name, directions=("backward",))) for name in LAID_OUT]
    return [replace(c, references=("truth",)) for c in found]


def _in_one_dtype(pair: Pair, case: Case) -> Case:
    """The case in a dtype that follows from its name, so that it keeps it whatever other cases there are."""
    at = zlib.crc32(f"{pair.op}/{case.name}".encode()) % len(pair.dtypes)
    return replace(case, dtypes=case.dtypes or (pair.dtypes[at],), cotangent=_fuller(case.cotangent))


def _fuller(cotangent: str) -> str:
    return "full" if cotangent == "few_bits" else cotangent


def _laid_out(pair: Pair, drawn: Sequence[Case]) -> Iterator[Case]:
    """Every setting of the options and shapes in a layout of each sort, and with other cotangents, in turn."""
    settings = [c for c in drawn if not (c.hazards or c.layout or c.stored or c.dtypes)]
    cotangents = cycle(COTANGENTS)
    for i, case in enumerate(settings):
        ranks = [len(case.shapes.get(k.name, k.shape)) for k in pair.arrays if k.role == "float" and k.name not in case.absent]
        if _is_empty(case, pair):
            continue
        for name in of_each_sort([n for n in LAYOUTS if _fits(n, ranks, pair)], i) or [""]:
            dy = next(cotangents)
            middle = f"+layout_{name}" if name else ""
            if middle or pair.differentiable:
                yield replace(
                    case, name=f"{case.name}{middle}+dy_{dy}", layout=name, cotangent=dy,
                    condition=case.condition or CONDITION_OF.get(name, ""),
                )  # fmt: skip


def of_each_sort(names: Sequence[str], turn: int) -> list[str]:
    """One of the layouts of each calling condition, another one in each turn."""
    sorts = [[n for n in names if CONDITION_OF[n] == condition] for condition in dict.fromkeys(CONDITION_OF.values())]
    return [sort[turn % len(sort)] for sort in sorts if sort]


def _one_laid_out(pair: Pair) -> Iterator[Case]:
    """Each of several arrays alone in a layout of each sort, the others as usual."""
    kinds = [k for k in pair.arrays if k.role in LAID and k.shape]
    for i, k in enumerate(kinds if len(kinds) > 1 else ()):
        for name in of_each_sort([n for n in LAYOUTS if _fits(n, [len(k.shape)], pair)], i):
            yield Case(f"{k.name}.layout_{name}", layout=name, laid=k.name, condition=CONDITION_OF[name])


def _rest_of_layouts(pair: Pair, met: set[str]) -> Iterator[Case]:
    """The ordinary arrays in the layouts that no setting is left for."""
    for name in layouts_of(pair):
        if name not in met:
            yield Case(f"ordinary+layout_{name}", layout=name, condition=CONDITION_OF[name])


def layouts_of(pair: Pair) -> list[str]:
    """The layouts that the op's usual arrays may have."""
    ranks = [len(k.shape) for k in pair.arrays if k.role == "float"]
    return [name for name in LAYOUTS if _fits(name, ranks, pair)]


def _settings(pair: Pair, drawn: Sequence[Case]) -> Iterator[Case]:
    """Options in pairs, on ordinary values and on a hazard in turn."""
    hazards = cycle([c for c in drawn if c.hazards and not (c.options or c.shapes or c.absent or c.dtypes)] or [None])
    for i, options in enumerate(settings(pair), 1):
        yield Case(f"setting_{i}", options=options)
        hazard = next(hazards)
        if hazard is not None:
            yield Case(f"setting_{i}+{hazard.name}", hazard.hazards, options)


def _lengths(pair: Pair, elementwise: bool) -> Iterator[Case]:
    """Each axis at each length; every second one with few values, the longest ones always.

    Some of the long ones hold an extreme number too.
    """
    few = {k.name: few_values(k) for k in bearing(pair) if "negative_inf" in specials_of(k)}
    if elementwise:
        yield Case(f"axis_1_of_{TWO_BYTES}", few, shapes={pair.arrays[0].name: (TWO_BYTES,)}, directions=("forward",))
    far = cycle(_far(pair)) if bearing(pair) else None
    for i, axis in enumerate(axes_of(pair)):
        for j, n in enumerate(LENGTHS):
            found = at_length(pair, axis, n)
            if found is None:
                continue
            bounds, hazards = within_bounds(pair, axis, n), few if (i + j) % 2 or n > LONG else {}
            directions = ("forward",) if n == TWO_BYTES else ()
            case = Case(f"axis_{i + 1}_of_{n}", {**hazards, **bounds}, found[1], found[0], axis.absent, directions=directions)
            yield case
            if NARROWED.get(n) in pair.dtypes:
                yield replace(case, name=f"{case.name}_in_{NARROWED[n]}", dtypes=(NARROWED[n],))
            if n in EXTREME and far is not None:
                title, makers = next(far)
                yield replace(case, name=f"{case.name}_with_{title}", hazards={**makers, **bounds})


def _far(pair: Pair) -> Iterator[tuple[str, Mapping[str, Maker]]]:
    """Extreme numbers, beginning with a large one at the end of a row."""
    kinds = bearing(pair)
    for place in ("last", "middle", "first"):
        for k in kinds:
            for special in reversed(specials_of(k)):
                yield (
                    f"{k.name}.{special}_{place}" if len(kinds) > 1 else f"{special}_{place}",
                    {k.name: placed(k, special, place)},
                )


def _fits(layout: str, ranks: Sequence[int], pair: Pair) -> bool:
    repeats = CONDITION_OF[layout] == "zero strides"
    return any(r >= LEAST_AXES.get(layout, 1) for r in ranks) and (not repeats or all(k.repeats for k in pair.arrays))


def _is_empty(case: Case, pair: Pair) -> bool:
    return any(0 in case.shapes.get(k.name, k.shape) for k in pair.arrays)
