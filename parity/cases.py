"""From a pair to its cases: which arrays, which options, which layout.  The bits are the same on every CPU, every day."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity.formats import DTYPES, FORMATS
from parity.hostile import LAYOUTS, near, uniform
from parity.kinds import Kind, Maker
from parity.pair import Pair, Variant

ELEMENTWISE_SHAPES = {"empty": (0,), "empty_2d": (2, 0, 3), "scalar": (), "one_element": (1,), "long": (1000,)}
CONDITIONS_OF_SHAPES = {"empty": "empty arrays", "empty_2d": "empty arrays", "scalar": "0-d arrays"}
"""The calling conditions that some of ELEMENTWISE_SHAPES are about."""
CONDITIONS_OF_LAYOUTS = {
    "strided": "strided", "negative_stride": "negative strides", "fortran_order": "Fortran order", "broadcast": "zero strides",
}  # fmt: skip
"""The calling conditions that memory layouts are about; a layout that is not here is one that everybody must take."""
MAX_COTANGENT_BITS = 6


@dataclass(frozen=True)
class Stored:
    """Arrays (by argument name) and cotangents that a search found, in place of those that a case would draw."""

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    cotangents: tuple[np.ndarray | None, ...] = ()


@dataclass(frozen=True)
class Case:
    """One input of an op: hazards by argument name, options, shapes and layout.  `name` is the hazard in the check's id."""

    name: str
    hazards: Mapping[str, Maker] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    layout: str = ""
    condition: str = ""
    """The calling condition that an implementation may refuse with an exception (see `Variant.condition`)."""
    dtypes: tuple[str, ...] = ()
    """Only these dtypes (empty: every one)."""
    directions: tuple[str, ...] = ()
    """Only these directions (empty: every one)."""
    references: tuple[str, ...] = ()
    """Judged against these only (empty: every one)."""
    stored: Stored | None = None
    origin: str = ""
    """The case whose random bits this one draws (empty: its own)."""
    salt: str = ""
    """Mixed into the random bits: fresh inputs that nobody can know beforehand."""

    def seed_name(self) -> str:
        """What random bits are drawn by: a layout has those of the plain case."""
        return (self.origin or self.name).split("layout_")[0] + self.salt


@dataclass(frozen=True)
class Built:
    """The arrays of a case in one dtype: what each party is given.

    For a `Noise` argument `arrays` holds the drawn array; `seeds` its seed, from which ours gets a fresh Generator.
    """

    arrays: tuple[Any, ...]
    kinds: tuple[Kind, ...]
    seeds: tuple[int | None, ...]
    options: Mapping[str, Any]


def cases_of(pair: Pair, definition: Callable[..., Any]) -> list[Case]:
    """Every case of a pair, in a fixed order; names are unique."""
    elementwise = getattr(definition, "kind", "") == "elementwise"
    cases = [Case("ordinary"), *_hazard_cases(pair)]
    if pair.knots:
        first = pair.arrays[0].name
        cases.append(Case("knots", {first: near(pair.knots)}, shapes={first: (3 * len(pair.knots),)} if elementwise else {}))
    cases += _variant_cases(pair)
    cases += [_layout_case(name) for name in LAYOUTS if _can_lay_out(pair, name)]
    if elementwise:
        cases += [_shape_case(pair, name) for name in ELEMENTWISE_SHAPES]
        cases += _every_value(pair)
    names = [c.name for c in cases]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise ValueError(f"{pair.op}: two cases are named {sorted(twice)[0]!r}; give one of the variants its own name.")
    return cases


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
    return Case(f"layout_{name}", layout=name, condition=CONDITIONS_OF_LAYOUTS.get(name, ""))


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


# -- building ------------------------------------------------------------------------------------------------------------------
def _seed(*parts: str) -> int:
    return zlib.crc32("/".join(parts).encode())


def generator(seed: int) -> np.random.Generator:
    """The generator of a case: PCG64, whose integers are the same everywhere."""
    return np.random.Generator(np.random.PCG64(seed))


def build(pair: Pair, case: Case, dtype: str) -> Built:
    """The arrays of `case` in `dtype`, in the case's memory layout."""
    arrays, seeds = [], []
    for kind in pair.arrays:
        if kind.name in case.absent:
            arrays.append(None)
            seeds.append(None)
            continue
        seed = _seed(pair.op, case.seed_name(), kind.name)
        made = _made(kind, case, dtype, seed)
        arrays.append(_lay_out(_cast(made, kind, dtype), case.layout, kind))
        seeds.append(seed if kind.role == "rng" else None)
    return Built(tuple(arrays), pair.arrays, tuple(seeds), {**pair.options, **case.options})


def _made(kind: Kind, case: Case, dtype: str, seed: int):
    """The stored array, or one that the hazard's maker draws."""
    if case.stored is not None and kind.name in case.stored.arrays:
        return case.stored.arrays[kind.name]
    maker = case.hazards.get(kind.name, kind.ordinary)
    return maker(case.shapes.get(kind.name, kind.shape), FORMATS[dtype], generator(seed))


def with_stored(case: Case, stored: Stored, name: str, **limits: tuple[str, ...]) -> Case:
    """The case with stored arrays in place of its own, under a new name; `limits` are its dtypes, directions, references."""
    return replace(case, name=name, stored=stored, origin=case.origin or case.name, **limits)


@np.errstate(all="ignore")
def _cast(made, kind: Kind, dtype: str):
    if kind.role == "fixed":
        return made
    wanted = {"float": DTYPES[dtype], "int": np.int64, "bool": np.bool_, "rng": np.float64}[kind.role]
    return np.asarray(made).astype(wanted)


def _lay_out(array, layout: str, kind: Kind):
    if not layout or kind.role != "float" or array.ndim == 0 or array.size == 0:
        return array
    return LAYOUTS[layout](array)


def cotangent(pair: Pair, case: Case, shape: tuple[int, ...], position: int, dtype: str) -> np.ndarray:
    """A random cotangent with few significant bits, never zero and never all ones (or the stored one)."""
    if case.stored is not None and case.stored.cotangents:
        return np.asarray(case.stored.cotangents[position]).astype(DTYPES[dtype])
    rng = generator(_seed(pair.op, case.seed_name(), f"cotangent{position}"))
    magnitude = 0.5 + 1.5 * uniform(shape, rng, MAX_COTANGENT_BITS)
    sign = np.where(rng.integers(0, 2, size=shape) == 0, -1.0, 1.0)
    return np.asarray(magnitude * sign).astype(DTYPES[dtype])
