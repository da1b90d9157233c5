"""Where each argument of an op goes in a call of a candidate: to its place, or to the parameter of its name elsewhere.

torch.nn.functional.mse_loss(input, target, size_average, reduce, reduction, weight) is called with `weight` by name, a
function of (target, x) with both by name, and a function of (x, target) without the weight that it cannot take.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from inspect import Signature, signature
from typing import Any

from parity.cases import Case
from parity.errors import ParityError
from parity.guest.calling import USUAL
from parity.loader import gradient, implementation
from parity.pair import Pair

Parameters = Mapping[str, Sequence[str]]
"""A candidate's, in the op's names: name -> (kind, what the default is: "required", "none" or "other")."""
IN_PLACE, BY_NAME = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD"), ("POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY")


@cache
def _signature(fn: Callable[..., Any]) -> Signature:
    """Asked at every call of a candidate."""
    return signature(fn)


@dataclass(frozen=True)
class Placing:
    """How a candidate is called in one direction."""

    pair: Pair
    places: Mapping[str, str | None]
    """For each argument, in order, "" (by position), a name (by keyword), or None (not given)."""
    parameters: Parameters | None = None
    """None where nobody knows them."""
    needed: tuple[str, ...] = field(default=())
    """The arguments that it cannot be called without, though they may be None."""
    slots: tuple[str, ...] = ()
    """The names of the parameters that arguments by position go to, in order."""

    @property
    def lacking(self) -> tuple[str, ...]:
        """The arrays that it cannot be given; with the mask of attention goes its other form, which shares its place."""
        lost = tuple(n for n, p in self.places.items() if p is None)
        return (*lost, *(n for n in optional(self.pair) if n not in self.places)) if lost else ()

    def padded(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with None for absent ones at the end that it needs."""
        last = max((i for i, n in enumerate(self.places) if n in self.needed), default=-1)
        return args + (None,) * (last + 1 - len(args))

    def taken(self, args: Sequence[Any]) -> frozenset[str]:
        """The parameters that arguments by position go to."""
        places = [*self.places.values()][: len(args)]
        return frozenset(self.slots[: places.count("") + len(args) - len(places)])

    def surplus(self, args: Sequence[Any]) -> str:
        """The argument beyond the arrays (a state) whose place is one of an option's, as a sentence; "" where there is none."""
        ours = _signature(implementation(self.pair)).parameters
        names = [n for n, p in ours.items() if p.kind.name in IN_PLACE]
        options = {n for n, p in ours.items() if p.kind.name == "KEYWORD_ONLY"}
        for i in range(len(self.places), len(args)):
            if i < min(len(names), len(self.slots)) and self.slots[i] in options:
                return f"has no parameter `{names[i]}`"
        return ""

    def missing_option(self, options: Iterable[str]) -> str:
        """The option that it has no parameter for, as a sentence; "" where nobody knows its parameters."""
        return "" if self.parameters is None else missing_option(options, {n: k for n, (k, _) in self.parameters.items()})

    def with_fewer(self) -> Placing | None:
        """Without the last array that the op can do without; None where all of these are left out already."""
        left = [n for n in optional(self.pair) if self.places.get(n) is not None]
        return replace(self, places={**self.places, left[-1]: None}) if left else None


def placing(
    pair: Pair, direction: str, known: Parameters | None, parameters: Parameters | None, differentiates: bool = False,
    called: Parameters | None = None,
) -> Placing:  # fmt: skip
    """The placing for a candidate whose call has the parameters `known` (None: all go by position).

    `parameters` are these and those of its constructor, which takes options too; `called` those of its call, where all
    arguments go by position.

    With `differentiates` it has no gradient of its own: its forward is called, after the cotangent has been set aside.
    """
    slots = tuple(n for n, (kind, _) in (known or called or {}).items() if kind in IN_PLACE)
    if direction == "backward" and differentiates:
        found = _places(pair, "forward", known)
        return Placing(pair, {"grad_output": "", **found}, parameters, _needed(found, known), ("grad_output", *slots))
    found = _places(pair, direction, known)
    return Placing(pair, found, parameters, _needed(found, known), slots)


def _places(pair: Pair, direction: str, parameters: Parameters | None) -> dict[str, str | None]:
    """By position where nobody knows the parameters, and where names and places do not fit together.

    Only an array that the op can do without is left out, and a generator, without which nothing can be asked.
    """
    names = names_of(pair, direction)
    plain: dict[str, str | None] = dict.fromkeys(names, "")
    if parameters is None or any(kind == "VAR_POSITIONAL" for kind, _ in parameters.values()):
        return plain
    slots = [(n, default) for n, (kind, default) in parameters.items() if kind in IN_PLACE]
    by_name = [n for n, (kind, _) in parameters.items() if kind in BY_NAME]
    if any(kind == "VAR_KEYWORD" for kind, _ in parameters.values()):
        by_name += names[len(slots) :]
    ours = set(_signature(implementation(pair)).parameters)
    others = {n: ours - {n} for n in (*optional(pair), *(k.name for k in pair.arrays if k.role == "rng"))}
    found = [_place(n, slots[i : i + 1], by_name, others.get(n)) for i, n in enumerate(names)]
    moved = next((i for i, p in enumerate(found) if p != ""), len(found))
    found[moved:] = [n if p == "" and n in by_name else p for n, p in zip(names[moved:], found[moved:], strict=True)]
    twice = {p for p in found if p} & {n for n, _ in slots[:moved]}
    lost = any(p is None and n not in others for n, p in zip(names, found, strict=True))
    return plain if "" in found[moved:] or twice or lost else dict(zip(names, found, strict=True))


def _place(name: str, slot: Sequence[tuple[str, str]], by_name: Sequence[str], others: Container[str] | None) -> str | None:
    """Where one argument goes; `others` are the op's other parameters, for an argument that may be left out.

    A parameter of their names, or with a default of its own (red="mean"), is no place for such an argument.
    """
    if name in by_name:
        return "" if slot and slot[0][0] == name else name
    if not slot or (others is not None and (slot[0][0] in others or slot[0][1] == "other")):
        return None
    return ""


def _needed(found: Mapping[str, str | None], parameters: Parameters | None) -> tuple[str, ...]:
    slots = [n for n, (kind, _) in (parameters or {}).items() if kind in IN_PLACE]
    theirs = {n: p or (slots[i] if i < len(slots) else "") for i, (n, p) in enumerate(found.items()) if p is not None}
    return tuple(n for n, p in theirs.items() if parameters and parameters.get(p, ("", ""))[1] == "required")


def names_of(pair: Pair, direction: str) -> tuple[str, ...]:
    """The names of the arguments that come by position: the arrays, or the parameters of our function beside them."""
    if not pair.has_own_call:
        return (("grad_output",) if direction == "backward" else ()) + tuple(k.name for k in pair.arrays)
    ours = implementation(pair) if direction == "forward" else gradient(pair)
    known = [] if ours is None else [n for n, p in signature(ours).parameters.items() if p.kind.name in IN_PLACE]
    last = max((i for i, n in enumerate(known) if n in {k.name for k in pair.arrays}), default=-1)
    return tuple(known[: last + 1])


def optional(pair: Pair) -> tuple[str, ...]:
    """The arrays that the op can do without."""
    absent = {n for v in pair.variants for n in v.options.get("_absent", ())}
    return tuple(k.name for k in pair.arrays if k.name in absent)


# -- options -------------------------------------------------------------------------------------------------------------------
def settings_of(pair: Pair) -> dict[str, Any]:
    """Every option of an op that has a default, with it."""
    arrays = {k.name for k in pair.arrays}
    ours = _signature(implementation(pair)).parameters.values()
    return {p.name: p.default for p in ours if p.default is not p.empty and p.name not in arrays}


def with_meaning(pair: Pair, options: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """The options with a number for each None that means one."""
    meaning = getattr(pair, "meaning", {})
    return {k: meaning[k](dtype) if v is None and k in meaning and dtype else v for k, v in options.items()}


def with_fixed(pair: Pair, case: Case, fixed: Mapping[str, Any]) -> Case:
    """The case with the options that a candidate implements one value of, where it does not ask for another itself."""
    new = {k: v for k, v in fixed.items() if k not in case.options and settings(pair, case).get(k, v) != v}
    return replace(case, options={**case.options, **new}, origin=case.origin or case.name) if new else case


def settings(pair: Pair, case: Case) -> dict[str, Any]:
    """The value of every option in a case."""
    return {**settings_of(pair), **pair.options, **case.options}


def other_value(pair: Pair, case: Case, fixed: Mapping[str, Any]) -> str:
    """The option that a candidate implements another value of, as a sentence; "" where there is none."""
    asked = settings(pair, case)
    return next((f"implements {k}={v!r} only" for k, v in fixed.items() if k in asked and asked[k] != v), "")


def refuse_unknown(pair: Pair, fixed: Iterable[str], rename: Mapping[str, str], names: Sequence[str] | None) -> None:
    """Refuse an option that is none of the op's, and a rename to what is none of the op's, or of what is none of `names`.

    These are the names of the candidate's parameters, None where nobody knows them.
    """
    arrays = {k.name for k in pair.arrays}
    ours = {*_signature(implementation(pair)).parameters, *pair.options, *arrays, *names_of(pair, "backward")}
    for name in fixed:
        if name not in ours - arrays:
            raise ParityError(f"{pair.op} has no option {name!r}; {_nearest(name, ours - arrays)}.")
    for own, name in rename.items():
        if (own, name) in USUAL_NAMES:  # known anyway
            continue
        if name not in ours:
            raise ParityError(f"The rename {own}={name}: {pair.op} has no parameter {name!r}; {_nearest(name, ours)}.")
        if names is not None and own not in names:
            raise ParityError(f"The rename {own}={name}: the candidate has no parameter {own!r}; {_nearest(own, names)}.")


USUAL_NAMES = {(theirs, ours) for ours, theirs in USUAL.items()}


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=2)
    return f"the nearest is {' or '.join(near)}" if near else f"it has {', '.join(names) or 'none'}"


def unknown_needs(pair: Pair, needs: Sequence[str]) -> list[str]:
    """What a constructor requires and the op has no value for, by its name or by its place."""
    ours = _signature(implementation(pair)).parameters
    arrays = {k.name for k in pair.arrays}
    missing = [n for n in needs if n not in ours and n not in pair.options]
    plain = [
        n for n, p in ours.items() if p.kind.name in IN_PLACE and p.default is p.empty and n not in arrays and n not in needs
    ]
    return missing[len(plain) :]


# -- what a candidate cannot take ----------------------------------------------------------------------------------------------
def missing_option(options: Iterable[str], parameters: Mapping[str, str]) -> str:
    """The option that is none of these parameters (name -> kind), as a sentence; "" where all are there."""
    if "VAR_KEYWORD" in parameters.values():
        return ""
    return next((f"has no option `{k}`" for k in options if k not in parameters), "")


def with_own_defaults(pair: Pair, parameters: Parameters | None) -> Pair:
    """The pair without settings of every case (ignore_index=2) that a candidate has no parameter for, and the op a default."""
    if parameters is None or any(kind in ("VAR_KEYWORD", "VAR_POSITIONAL") for kind, _ in parameters.values()):
        return pair
    ours = _signature(implementation(pair)).parameters
    kept = {k: v for k, v in pair.options.items() if k in parameters or k not in ours or ours[k].default is ours[k].empty}
    return pair if len(kept) == len(pair.options) else replace(pair, options=kept)


def without(pair: Pair, case: Case, names: Sequence[str]) -> Case | None:
    """The case without these arrays; None where it is about one of them, or one can not be left out."""
    new = tuple(n for n in names if n not in case.absent)
    stored = () if case.stored is None else case.stored.arrays
    if any(n in case.hazards or n in stored or n not in optional(pair) for n in new):
        return None
    return replace(case, absent=(*case.absent, *new), origin=case.origin or case.name) if new else case
