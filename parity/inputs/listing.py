"""Every case of an op: those of its argument kinds and options, and those that are made for every op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parity.cases import Case, named_apart
from parity.formats import DTYPES
from parity.hostile import near
from parity.inputs.further import further_cases
from parity.inputs.layouts import CONDITION_OF
from parity.inputs.lengths import as_asked
from parity.inputs.refusals import allowed_cases
from parity.kinds import Maker
from parity.pair import Pair, Variant

PLAIN_LAYOUTS = ("strided", "negative_stride", "fortran_order", "broadcast")
"""Those in which every op is asked on ordinary values, against every reference."""
ELEMENTWISE_SHAPES = {"empty": (0,), "empty_2d": (2, 0, 3), "scalar": (), "one_element": (1,), "long": (1000,)}
CONDITIONS_OF_SHAPES = {"empty": "empty arrays", "empty_2d": "empty arrays", "scalar": "0-d arrays"}
"""The calling conditions that some of ELEMENTWISE_SHAPES are about."""


def cases_of(pair: Pair, definition: Callable[..., Any]) -> list[Case]:
    """Every case of a pair, in a fixed order; names are unique."""
    elementwise = getattr(definition, "kind", "") == "elementwise"
    cases = [Case("ordinary"), *_hazard_cases(pair)]
    if pair.knots:
        first = pair.arrays[0].name
        cases.append(Case("knots", {first: near(pair.knots)}, shapes={first: (3 * len(pair.knots),)} if elementwise else {}))
    cases += _variant_cases(pair)
    cases += [_layout_case(name) for name in PLAIN_LAYOUTS if _can_lay_out(pair, name)]
    if elementwise:
        cases += [_shape_case(pair, name) for name in ELEMENTWISE_SHAPES]
        cases += _every_value(pair)
    cases += further_cases(as_asked(pair, elementwise), cases, elementwise)
    cases += allowed_cases(pair)
    return named_apart(pair.op, cases, "cases")


def _hazard_cases(pair: Pair) -> list[Case]:
    bearing = [k for k in pair.arrays if k.hostile]
    if len(bearing) == 1:
        return [Case(h, {bearing[0].name: m}) for h, m in bearing[0].hostile.items()]
    cases = [Case(f"{k.name}.{h}", {k.name: m}) for k in bearing for h, m in k.hostile.items()]
    shared: dict[str, dict[str, Maker]] = {}
    for k in bearing:
        for h, m in k.hostile.items():
            shared.setdefault(h, {})[k.name] = m
    return cases + [Case(f"all.{h}", by_name) for h, by_name in shared.items() if len(by_name) > 1]


def _variant_cases(pair: Pair) -> list[Case]:
    """Each variant on ordinary values, and each option setting also on two hazards, taken in rotation."""
    cases = []
    hazards = _hazard_cases(pair)
    for i, variant in enumerate(pair.variants):
        options = dict(variant.options)
        absent = tuple(options.pop("_absent", ()))
        common: dict[str, Any] = {
            "options": options,
            "shapes": variant.shapes,
            "absent": absent,
            "condition": variant.condition,
        }
        cases.append(Case(variant.name, **common))
        if (options or absent) and hazards and not _is_empty(variant, pair):
            for k in dict.fromkeys(((2 * i) % len(hazards), (2 * i + 7) % len(hazards))):
                cases.append(Case(f"{variant.name}+{hazards[k].name}", hazards[k].hazards, **common))
    return cases


def _layout_case(name: str) -> Case:
    return Case(f"layout_{name}", layout=name, condition=CONDITION_OF.get(name, ""))


def _shape_case(pair: Pair, name: str) -> Case:
    shapes = {pair.arrays[0].name: ELEMENTWISE_SHAPES[name]}
    return Case(name, shapes=shapes, condition=CONDITIONS_OF_SHAPES.get(name, ""))


def _is_empty(variant: Variant, pair: Pair) -> bool:
    return any(0 in variant.shapes.get(k.name, k.shape) for k in pair.arrays)


def _can_lay_out(pair: Pair, layout: str) -> bool:
    shapes = [k.shape for k in pair.arrays if k.role == "float"]
    least = 2 if layout == "fortran_order" else 1
    if pair.has_own_call and not shapes:
        return False
    return any(len(s) >= least for s in shapes)


EVERY = {
    "every_small_value": lambda x: np.abs(x) < 2.0**-4,
    "every_moderate_value": lambda x: (np.abs(x) >= 2.0**-4) & (np.abs(x) < 8.0),
    "every_large_value": lambda x: x >= 8.0,
    "every_large_negative_value": lambda x: x <= -8.0,
}
"""All finite values of a 16-bit dtype, in four parts, so that a reference that fails in a tail is still judged elsewhere."""


def every_value(dtype: str, part: str) -> np.ndarray:
    """All finite values of a 16-bit dtype in one of the parts of EVERY."""
    with np.errstate(invalid="ignore"):
        x = np.arange(65536, dtype=np.uint16).view(DTYPES[dtype]).astype(np.float64)
        return x[np.isfinite(x) & EVERY[part](x)]


def _every_value(pair: Pair) -> list[Case]:
    """Every finite value of float16 and bfloat16 (infinities and nan are hazards of their own)."""
    name = pair.arrays[0].name

    def case(part: str) -> Case:
        maker = lambda shape, fmt, rng: every_value(fmt.name, part)  # noqa: E731 - a value, not a function of its own
        return Case(part, {name: maker}, dtypes=("float16", "bfloat16"))

    return [case(part) for part in EVERY]
