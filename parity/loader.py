"""The one place through which the engine reaches pairs, definitions and implementations."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.errors import AmbiguousOp, ParityError, UnknownOp
from parity.pair import Pair
from parity.pairs._contracts import contract_of
from parity.pairs._values import with_values
from parity.references import resolve

if TYPE_CHECKING:
    from parity.own import OwnOp

_own: dict[str, OwnOp] = {}
"""The ops that `parity.own` has registered, by name."""


@cache
def families() -> tuple[str, ...]:
    """The families that have pairs, in alphabetical order."""
    import parity.pairs

    return tuple(sorted(m.name for m in pkgutil.iter_modules(parity.pairs.__path__) if not m.name.startswith("_")))


@cache
def built_in() -> dict[str, Pair]:
    """The pairs of `parity.pairs` by op id, in the order of the families and of their rows."""
    pairs: dict[str, Pair] = {}
    for family in families():
        for pair in importlib.import_module(f"parity.pairs.{family}").PAIRS:
            if pair.op in pairs or not pair.op.startswith(family + "."):
                raise ValueError(f"The pair {pair.op!r} in parity.pairs.{family} is doubled or in the wrong family.")
            pairs[pair.op] = replace(pair, owes=contract_of(pair.op), values=with_values(pair.op, pair.values))
    return pairs


@cache
def catalogue() -> dict[str, Pair]:
    """Every pair by op id: the built-in ones, then those of the user's own."""
    return {**built_in(), **{op: own.pair for op, own in _own.items()}}


@cache
def definition(op: str) -> Callable[..., Any]:
    """The textbook definition of an op (for an own op without one, the referee that stands for it)."""
    if op in _own:
        return _own[op].definition
    family, name = op.split(".")
    return getattr(importlib.import_module(f"parity.definitions.{family}"), name)


def is_elementwise(op: str) -> bool:
    """Whether each element of the result depends on one element of the only array, as the definition declares."""
    return getattr(definition(op), "kind", "") == "elementwise"


def implementation(pair: Pair) -> Callable[..., Any]:
    """Our forward (of an own op: the user's)."""
    return _own[pair.op].forward if pair.op in _own else resolve(pair.ours or f"npimpl.{pair.op}")


def wide(op: str) -> tuple[Callable[..., Any], float, float] | None:
    """The fast float64 form of an elementwise op, how many float64 ulp it may be off, and below which size it is not to be
    trusted at all; None where none is written.
    """
    forms = importlib.import_module("parity.pairs._wide")
    return (forms.WIDE[op], forms.ULPS.get(op, forms.USUAL), forms.ROOTS.get(op, 0.0)) if op in forms.WIDE else None


def gradient(pair: Pair) -> Callable[..., Any] | None:
    """Our backward, for a differentiable op."""
    if pair.op in _own:
        return _own[pair.op].backward
    return resolve(pair.ours_backward or f"npimpl.{pair.op}_backward") if pair.differentiable else None


def source_files() -> list[Path]:
    """Every Python file that a measurement depends on: the library and this package."""
    roots = [Path(importlib.import_module(name).__file__ or "").parent for name in ("npimpl", "parity")]
    return sorted(p for root in roots for p in root.rglob("*.py"))


def _is_alias(name: str, pair: Pair) -> bool:
    """Whether `name` is the op's bare name or a reference's dotted name for it (torch.nn.functional.softmax)."""
    if name in (pair.torch, pair.scipy):
        return True
    library, _, bare = name.rpartition(".")
    return bare == pair.op.split(".")[1] and (not library or library.split(".")[0] in ("torch", "scipy"))


def select(names) -> list[str]:
    """The op ids that names mean: ids, bare names, families, or a reference's dotted name; none means all."""
    ops = catalogue()
    if not names:
        return list(ops)
    chosen: dict[str, None] = {}
    for name in names:
        found = [name] if name in ops else [op for op in ops if op.split(".")[0] == name]
        if not found:
            found = [op for op, pair in ops.items() if _is_alias(name, pair)]
            if len(found) > 1:
                raise AmbiguousOp(name, found)
        if not found:
            raise UnknownOp(name, [*ops, *dict.fromkeys(op.split(".")[0] for op in ops)])
        chosen.update(dict.fromkeys(found))
    return list(chosen)


# -- ops of the user's own -----------------------------------------------------------------------------------------------------
def register(*ops: OwnOp) -> None:
    """Make own ops known (see `parity.own`); a name of the catalogue is refused, an own op of the same name replaced."""
    for own in ops:
        if own.pair.op in built_in():
            raise ParityError(
                f"{own.pair.op} is an op of the catalogue; give yours another name, e.g. mine.{own.pair.op.split('.')[1]}."
            )
    _own.update({own.pair.op: own for own in ops})
    _forget_what_was_cached()


def forget(*names: str) -> None:
    """Undo `register` for these own ops (without names: for all)."""
    for name in names or tuple(_own):
        _own.pop(name, None)
    _forget_what_was_cached()


def own_ops() -> tuple[str, ...]:
    """The names of the registered own ops."""
    return tuple(_own)


def own_files() -> tuple[str, ...]:
    """The files that a worker process must load to know the own ops that come from files."""
    return tuple(dict.fromkeys(own.file for own in _own.values() if own.file))


def is_known_to_workers(op: str) -> bool:
    """Whether a worker process that has loaded `own_files()` knows this op: not one that was registered from Python."""
    return op not in _own or bool(_own[op].file)


def referee(op: str) -> str:
    """What reports add about who says what is right: "" for the definition in ball arithmetic, with proof."""
    return getattr(definition(op), "referee", "")


def _forget_what_was_cached() -> None:
    catalogue.cache_clear()
    definition.cache_clear()
    runner = sys.modules.get("parity.runner")  # it imports this module; what it has not listed yet needs no clearing
    for name in ("cases", "_by_hazard", "evaluated") if runner is not None else ():
        getattr(runner, name).cache_clear()
