"""From a pair to its cases: which arrays, which options, which layout.  The bits are the same on every CPU, every day."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity.formats import DTYPES, FORMATS
from parity.inputs.cotangents import LAID_OUT, cotangent_of
from parity.inputs.layouts import laid_out
from parity.kinds import Kind, Maker
from parity.pair import Pair


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
    laid: str = ""
    """The one array that is in this layout (empty: every one)."""
    cotangent: str = "few_bits"
    """One of `parity.inputs.cotangents`."""
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
    refused: str = ""
    """What is wrong with this question, where the op must refuse it; nothing is cast, and there is no truth."""
    delegated: bool = False
    """Of a refused case: whether npimpl leaves it to a function of NumPy to raise the error."""
    usual: Case | None = None
    """Of a refused case: the one that it is a wrong copy of, which says of what shape a cotangent is."""
    given: Mapping[str, str] = field(default_factory=dict)
    """Arguments by name that are given in another form: as an array of another integer type, or as a list or a number."""
    before: Mapping[str, Any] | None = None
    """The options of a question that is asked before in the same memory (see `parity.earlier`); None where there is none."""
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


def named_apart(op: str, cases: list[Case], what: str) -> list[Case]:
    """The cases, whose names must be different; `what` is said of where the names come from."""
    names = [c.name for c in cases]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(f"{op}: two {what} are named {twice[0]!r}; give one of them its own name.")
    return cases


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
        if kind.name in case.absent or (kind.seldom and kind.name not in case.shapes):
            arrays.append(None)
            seeds.append(None)
            continue
        seed = _seed(pair.op, case.seed_name(), kind.name)
        made = _made(kind.under({**pair.options, **case.options}), case, dtype, seed)
        wrong = bool(case.refused) and kind.name in case.hazards
        arrays.append(made if wrong else laid_out(_cast(made, kind, dtype), layout_of(case, kind)))
        seeds.append(seed if kind.role == "rng" and not wrong else None)
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


LAID = ("float", "int", "bool")
"""The roles of arrays that a layout is for."""


def layout_of(case: Case, kind: Kind) -> str:
    """The layout of one array of a case."""
    return case.layout if kind.role in LAID and case.laid in ("", kind.name) else ""


def cotangent(pair: Pair, case: Case, shape: tuple[int, ...], position: int, dtype: str) -> np.ndarray:
    """The cotangent of one output: the stored one, or one that is drawn as the case says."""
    if case.stored is not None and case.stored.cotangents:
        stored = np.asarray(case.stored.cotangents[position]).astype(DTYPES[dtype])
        return laid_out(stored, LAID_OUT.get(case.cotangent, ""))
    rng = generator(_seed(pair.op, case.seed_name(), f"cotangent{position}"))
    return cotangent_of(case.cotangent, shape, FORMATS[dtype], rng)
