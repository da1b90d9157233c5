"""Kinds of argument: integers of every width and sign, lists of numbers, and single numbers in place of arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from parity.cases import Case, build
from parity.inputs.lengths import at_length, axes_of
from parity.kinds import Kind
from parity.pair import Pair

WIDTHS = ("int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64")
"""Beside int64, which is usual."""
NARROW = ("int8", "uint8", "int16")
"""Those that do not hold the place of a number in a long array."""
LONG = (300, 130, 60)
"""Lengths beyond what 8 bits count, the first that the op allows."""
LIST = "list"


def in_form(a: Any, form: str) -> Any:
    """The argument as an array of this integer type, or as a list (a number, where it has no axes)."""
    if not form or not isinstance(a, np.ndarray):
        return a
    return a.tolist() if form == LIST else a.astype(form)


def argument_cases(pair: Pair) -> Iterator[Case]:
    """The cases of an op whose arguments are not the usual arrays."""
    integers = [k for k in pair.arrays if k.role == "int" and k.widths]
    for k in integers:
        yield from _widths(pair, k)
    if not pair.has_own_call and pair.ours is None and all(k.role in ("float", "int", "bool") for k in pair.arrays):
        listed = {k.name: LIST for k in pair.arrays}
        yield Case("lists", given=listed, condition="lists", dtypes=("float64",), directions=("forward",))
        alone = [v for v in pair.variants if set(map(tuple, v.shapes.values())) == {()} and "_absent" not in v.options]
        numbers = next((v for v in alone if {k.name for k in pair.arrays} == set(v.shapes)), None)
        if numbers is not None:
            yield Case(
                "numbers", {}, numbers.options, numbers.shapes, given=listed, condition="lists", dtypes=("float64",),
                directions=("forward",),
            )  # fmt: skip


def _widths(pair: Pair, kind: Kind) -> Iterator[Case]:
    """The usual integers in every type that holds them; in narrow ones also beside long axes."""
    name, least = kind.name, int(np.min(_integers(pair, Case("ordinary"), kind), initial=0))
    signed = [w for w in WIDTHS if least >= 0 or w.startswith("int")]
    for width in signed:
        yield Case(f"{name}_as_{width}", given={name: width}, condition="another integer type")
    for i, (shapes, options, absent) in enumerate(_long(pair), 1):
        for width in (w for w in signed if w in NARROW):
            long = f"axis_{i}_long_{name}_as_{width}"
            case = Case(long, {}, options, shapes, absent, given={name: width}, condition="another integer type")
            if _hold(_integers(pair, case, kind), width):
                yield case


def _integers(pair: Pair, case: Case, kind: Kind) -> np.ndarray:
    arrays = build(pair, case, pair.dtypes[0]).arrays
    return np.asarray(arrays[[k.name for k in pair.arrays].index(kind.name)])


def _hold(integers: np.ndarray, width: str) -> bool:
    return bool((integers.astype(width) == integers).all())


def _long(pair: Pair) -> Iterator[tuple[dict[str, tuple[int, ...]], dict[str, Any], tuple[str, ...]]]:
    """The greatest length of each axis: shapes, options, absent arrays."""
    for axis in axes_of(pair):
        lengths = [at_length(pair, axis, n) for n in LONG]
        yield from [(*found, axis.absent) for found in lengths if found is not None][:1]
