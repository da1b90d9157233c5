"""Questions that an op must refuse: an axis that is not there, an unknown word, a cotangent of the wrong shape.

Most follow from the row by construction; a row adds its own and says which of these it does not owe (`Pair.owes`).
None of them depends on the dtype, so each is asked in float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from parity.cases import Case, named_apart
from parity.inputs.cotangents import MISSHAPEN
from parity.kinds import Kind, Maker
from parity.pair import BOUNDS, Pair, Refusal, Variant

UNKNOWN = "unknown"
"""A word that no option knows."""
PREFIX = "refuses_"
"""The names of such cases begin so."""


def refusal_cases(pair: Pair, of_every_op: bool = True) -> list[Case]:
    """The cases that an op must refuse; names are unique."""
    owes = pair.owes
    made = [r for r in _of_every_op(pair) if not _matches(r.name, owes.accepts)] if of_every_op else []
    made = [replace(r, delegated=_matches(r.name, owes.delegated)) for r in made]
    return named_apart(pair.op, [_case(pair, r) for r in (*made, *owes.refusals)], "refusals")


def allowed_cases(pair: Pair) -> list[Case]:
    """The cases just inside of an op's bounds."""
    usual = [(v, _usual(v)) for v in pair.owes.allows]
    return [
        replace(c, name=f"allows_{c.name}", condition=v.condition or BOUNDS, dtypes=("float64",), references=("truth",))
        for v, c in usual
    ]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(name == p or fnmatchcase(name, p) for p in patterns)


def _case(pair: Pair, r: Refusal) -> Case:
    usual = Case("ordinary") if r.usual is None else _usual(r.usual)
    directions = r.directions or (("forward", "backward") if pair.differentiable else ("forward",))
    return replace(
        usual, name=PREFIX + r.name, hazards=r.arrays, options={**usual.options, **r.options},
        shapes={**usual.shapes, **r.shapes}, absent=(*usual.absent, *r.absent), cotangent=r.cotangent, dtypes=("float64",),
        directions=directions, references=("truth",), refused=r.why, delegated=r.delegated, usual=usual,
    )  # fmt: skip


def _usual(variant: Variant) -> Case:
    options = dict(variant.options)
    absent = tuple(options.pop("_absent", ()))
    return Case(variant.name, options=options, shapes=variant.shapes, absent=absent)


# -- for every op --------------------------------------------------------------------------------------------------------------
def _of_every_op(pair: Pair) -> Iterator[Refusal]:
    yield from _axes(pair)
    yield from _words(pair)
    for kind in (k for k in pair.arrays if not k.seldom):
        yield from _integers(kind)
        yield from _numbers(kind)
    yield from _shapes(pair)
    if pair.differentiable:
        yield from _cotangents(pair)


def _values(pair: Pair, option: str) -> list[Any]:
    """The values that a row gives to an option."""
    every = [pair.options, *(v.options for v in pair.variants)]
    return [o[option] for o in every if option in o] + list(pair.values.get(option, ()))


def _axes(pair: Pair) -> Iterator[Refusal]:
    """An axis beyond either end, of a 0-d array too; what is no integer; and one axis twice."""
    values = _values(pair, "axis")
    if not values:
        return
    n, missing = len(pair.arrays[0].shape), "an axis that is not there"
    for axis in (n, -n - 1):
        yield Refusal(f"axis={axis}", missing, {"axis": axis})
    for wrong in (0.5, UNKNOWN):
        yield Refusal(f"axis={wrong}", "an axis that is no integer", {"axis": wrong})
    if any(isinstance(v, tuple) for v in values):
        for twice in ((0, 0), (0, -n)):
            yield Refusal(f"axis={twice}".replace(" ", ""), "one axis twice", {"axis": twice})
    else:
        yield Refusal("axis=(0,1)", "several axes where one is due", {"axis": (0, 1)})
        if None not in values:
            yield Refusal("axis=None", "no axis where one is due", {"axis": None})
    scalar = next((v for v in pair.variants if v.condition == "0-d arrays" and v.shapes.get(pair.arrays[0].name) == ()), None)
    if scalar is not None:
        for axis in (1, -2):
            yield Refusal(f"axis={axis}_of_0-d", missing, {"axis": axis}, usual=scalar)


def _words(pair: Pair) -> Iterator[Refusal]:
    """An unknown word for each option that takes words."""
    for option in dict.fromkeys([*pair.options, *(n for v in pair.variants for n in v.options), *pair.values]):
        if any(isinstance(v, str) for v in _values(pair, option)):
            yield Refusal(f"{option}={UNKNOWN}", f"an unknown value of `{option}`", {option: UNKNOWN})


def _integers(kind: Kind) -> Iterator[Refusal]:
    """Indices and labels just out of range, and numbers that are no integers."""
    for value in kind.outside:
        why, wrong = f"numbers out of range in `{kind.name}`", {kind.name: _with_one(kind, value)}
        yield Refusal(f"{kind.name}={value}", why, arrays=wrong)
    if kind.role == "int":
        yield Refusal(f"{kind.name}_of_floats", f"floats as `{kind.name}`", arrays={kind.name: _as(kind, np.float64)})


def _numbers(kind: Kind) -> Iterator[Refusal]:
    if kind.role == "float":
        yield Refusal(f"{kind.name}_of_complex_numbers", "complex numbers", arrays={kind.name: _as(kind, np.complex128)})


def _with_one(kind: Kind, value: int) -> Maker:
    """The usual integers, the last one replaced."""

    def maker(shape, fmt, rng):
        found = np.array(kind.ordinary(shape, fmt, rng), np.int64)
        found.reshape(-1)[-1] = value
        return found

    return maker


def _as(kind: Kind, dtype: type) -> Maker:
    return lambda shape, fmt, rng: np.asarray(kind.ordinary(shape, fmt, rng)).astype(dtype)


def _shapes(pair: Pair) -> Iterator[Refusal]:
    """Of arrays of one shape, one with a longer axis."""
    several = [k for k in pair.arrays if k.role in ("float", "int", "bool") and k.shape == pair.arrays[0].shape]
    for kind in several[1:]:
        for i, place in ((0, "first"), (-1, "last")):
            if kind.shape and (i == 0 or len(kind.shape) > 1):
                n = list(kind.shape)
                n[i] += 1
                why = f"shapes that do not fit, by the {place} axis of `{kind.name}`"
                yield Refusal(f"{kind.name}_{place}_axis_longer", why, shapes={kind.name: tuple(n)})


def _cotangents(pair: Pair) -> Iterator[Refusal]:
    for name in MISSHAPEN:
        words = name.replace(" ", "_")
        yield Refusal(f"dy_{words}", f"a cotangent {name}", cotangent=name, directions=("backward",))
