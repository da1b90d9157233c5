"""Which mutants there are, which of them are asked for, and which are known to change nothing."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from pathlib import Path

from parity.errors import ParityError
from tools.mutate.graph import PACKAGE, Graph
from tools.mutate.planting import ROOT, Mutant, mutants_of, parsed

EQUIVALENT = Path(__file__).with_name("equivalent.json")
SHARED = "shared"
"""The owner of what ops of several families use."""
NEAREST = 8
"""So many ops are asked at most about a mutant that is not one op's own."""
NEAREST_OF_TABLE = 3
"""Likewise about a number in a table of coefficients: there are many, and a few ops show all that is in a table."""
INPUTS = (
    "npimpl", "parity", "parity_tests/mutation.py", "tolerances.yaml", "evidence.json",
    *(f"tools/mutate/{name}.py" for name in ("child", "graph", "ground", "operators", "plan", "planting")),
)  # fmt: skip
"""What an outcome depends on."""
INPUTS_OF_RIGHT = (
    "parity_tests/right", "parity_tests/candidates.py", "parity_tests/mutants.py", "parity_tests/judged_mutants.py"
)  # fmt: skip


@cache
def library_mutants() -> tuple[Mutant, ...]:
    """Every mutant of the library that some op can reach."""
    graph = Graph()
    found = []
    for module in graph.modules.values():
        is_table = module.file.endswith("_coefficients.py")
        for m in mutants_of(module.file, parsed(module.file), graph.checks, is_table):
            ops = graph.owners.get((module.name, m.function.split(".")[0]), ())
            if ops:
                most = NEAREST_OF_TABLE if is_table else NEAREST
                found.append(replace(m, owner=_owner(module.file, ops), ops=ops[:most]))
    return tuple(found)


def _owner(file: str, ops: Sequence[str]) -> str:
    if len(ops) == 1:
        return ops[0]
    first = file.removeprefix(f"{PACKAGE}/").split("/")[0].removesuffix(".py")
    return SHARED if first.startswith("_") else first


def chosen(mutants: Iterable[Mutant], names: Sequence[str], operators: Sequence[str], without: Sequence[str]) -> list[Mutant]:
    """Those of the named ops, families and files (none: all), with these operators (none: all) and not with those."""
    kept = [m for m in mutants if (not operators or m.operator in operators) and m.operator not in without]
    found: dict[str, Mutant] = {}
    for name in names:
        mine = [m for m in kept if _is_named(m, name)]
        if not mine:
            raise ParityError(
                f"{name!r} names no mutant; give an op, a family, a file or the name of a mutant (--list has all)."
            )
        found.update((m.id, m) for m in mine)
    return list(found.values()) if names else kept


def _is_named(m: Mutant, name: str) -> bool:
    family, _, op = m.owner.rpartition(".")
    return name in (m.id, m.owner, family, op, m.file, m.file.split("/")[-1].removesuffix(".py"))


def drawn(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of them at random, from each family in turn, so that none is left out; the same for the same seed."""
    rng = random.Random(seed)
    families: dict[str, list[Mutant]] = {}
    for m in sorted(mutants, key=lambda m: m.id):
        families.setdefault(m.family, []).append(m)
    order = sorted(families)
    rng.shuffle(order)
    mixed = [rng.sample(families[name], min(count, len(families[name]))) for name in order]
    return [m for turn in zip_longest(*mixed) for m in turn if m is not None][:count]


# -- the tree ------------------------------------------------------------------------------------------------------------------
@cache
def tree_hash(right: bool = False) -> str:
    """A digest of every file that an outcome depends on."""
    found = hashlib.sha256()
    for name in (*INPUTS, *(INPUTS_OF_RIGHT if right else ())):
        for path in _files(ROOT / name):
            found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _files(path: Path) -> list[Path]:
    """A file, or the files of Python in a folder; the list of equivalent mutants is no reason to ask again."""
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def seed_of_tree() -> int:
    """The seed that this state of the files stands for."""
    return int(tree_hash()[:8], 16)


# -- equivalent mutants --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Equivalent:
    """Mutants that change nothing, by name: what each changes, and why that is nothing."""

    change: str
    reason: str


def equivalents(path: Path | None = None) -> dict[str, Equivalent]:
    """The mutants that are listed as equivalent."""
    data = json.loads((path or EQUIVALENT).read_text(encoding="utf-8"))
    return {name: Equivalent(change, group["reason"]) for group in data for name, change in group["mutants"].items()}


def stale(mutants: Iterable[Mutant], known: dict[str, Equivalent]) -> list[str]:
    """Entries that fit no mutant any more, or one that changes something else."""
    by_name = {m.id: m for m in mutants}
    return [name for name, e in known.items() if name not in by_name or by_name[name].change() != e.change]
