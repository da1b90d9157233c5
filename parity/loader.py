"""The one place through which the engine reaches pairs, definitions and implementations."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from parity.errors import AmbiguousOp, UnknownOp
from parity.pair import Pair
from parity.references import resolve


@cache
def families() -> tuple[str, ...]:
    """The families that have pairs, in alphabetical order."""
    import parity.pairs

    return tuple(sorted(m.name for m in pkgutil.iter_modules(parity.pairs.__path__) if not m.name.startswith("_")))


@cache
def catalogue() -> dict[str, Pair]:
    """Every pair by op id, in the order of the families and of their rows."""
    pairs: dict[str, Pair] = {}
    for family in families():
        for pair in importlib.import_module(f"parity.pairs.{family}").PAIRS:
            if pair.op in pairs or not pair.op.startswith(family + "."):
                raise ValueError(f"The pair {pair.op!r} in parity.pairs.{family} is doubled or in the wrong family.")
            pairs[pair.op] = pair
    return pairs


@cache
def definition(op: str) -> Callable[..., Any]:
    """The textbook definition of an op."""
    family, name = op.split(".")
    return getattr(importlib.import_module(f"parity.definitions.{family}"), name)


def implementation(pair: Pair) -> Callable[..., Any]:
    """Our forward."""
    return resolve(pair.ours or f"npimpl.{pair.op}")


def wide(op: str) -> tuple[Callable[..., Any], float, float] | None:
    """The fast float64 form of an elementwise op, how many float64 ulp it may be off, and below which size it is not to be
    trusted at all; None where none is written.
    """
    forms = importlib.import_module("parity.pairs._wide")
    return (forms.WIDE[op], forms.ULPS.get(op, forms.USUAL), forms.ROOTS.get(op, 0.0)) if op in forms.WIDE else None


def gradient(pair: Pair) -> Callable[..., Any] | None:
    """Our backward, for a differentiable op."""
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
            raise UnknownOp(name, [*ops, *families()])
        chosen.update(dict.fromkeys(found))
    return list(chosen)
