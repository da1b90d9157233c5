"""Small wrong changes of right implementations: where each applies, and the implementation that has one of them.

The source of a module is parsed; every node of the functions that a candidate reaches is offered to RULES, and the module is
made again with one node replaced.
"""

from __future__ import annotations

import ast
import copy
import importlib
import pkgutil
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from parity.loader import catalogue
from parity_tests.candidates import Candidate
from parity_tests.mutation import (
    Mutation,
    Path_,
    Rule,
    arguments_exchanged,
    axis_replaced,
    call_exchanged,
    children,
    comparison_swapped,
    condition_negated,
    constant_changed,
    dtype_narrowed,
    index_shifted,
    input_returned,
    keepdims_flipped,
    name_of,
    negation_dropped,
    operands_exchanged,
    operator_swapped,
    places,
    replaced,
    short,
    term_dropped,
)

ROOT = Path(__file__).resolve().parent
COMPILERS = ("jax", "numba")
"""Code for these is compiled again for every mutant, and their settings are those of the whole process."""
RULES: tuple[Rule, ...] = (
    operator_swapped, term_dropped, operands_exchanged, comparison_swapped, constant_changed, axis_replaced, keepdims_flipped,
    call_exchanged, arguments_exchanged, negation_dropped, index_shifted, condition_negated, dtype_narrowed, input_returned,
)  # fmt: skip


# -- sources -------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Source:
    """One right implementation, with the file that it is written in."""

    op: str
    name: str
    file: Path

    @property
    def label(self) -> str:
        """Where it is found."""
        return f"{self.file.relative_to(ROOT)} ({self.op}: {self.name})"

    @property
    def _is_row(self) -> bool:
        return self.file.parent == ROOT / "right"

    def candidate(self, mutation: Mutation | None = None) -> Candidate:
        """The implementation, with one change if one is given."""
        tree = _parsed(self.file)
        made = _run(tree if mutation is None else replaced(tree, mutation.path, mutation.node), self.file)
        if self._is_row:
            return next(c for c in made["RIGHT"] if (c.op, c.name) == (self.op, self.name))
        return Candidate(self.op, self.name, made.get("candidate"), made.get("candidate_backward"))

    def mutations(self) -> dict[str, list[Mutation]]:
        """Every change that applies, by rule."""
        found: dict[str, list[Mutation]] = {}
        for path, node in self._reached():
            for rule in RULES:
                for new in rule(node):
                    if ast.dump(new) == ast.dump(node):
                        continue
                    text = f"{short(node)} -> {short(copy.deepcopy(new))}"
                    name = rule.__name__.replace("_", " ")
                    found.setdefault(name, []).append(Mutation(name, getattr(node, "lineno", 0), text, path, new))
        return found

    def _reached(self) -> list[tuple[Path_, ast.AST]]:
        """The nodes of the functions and constants that the candidate uses, by name."""
        tree = _parsed(self.file)
        known = {name: i for i, s in enumerate(tree.body) for name in _defined(s)}
        found = list(self._roots(tree))
        done: set[int] = set()
        for _, node in found:  # grows while it is read
            i = known.get(node.id) if isinstance(node, ast.Name) else None
            if i is not None and i not in done:
                done.add(i)
                found += places(tree.body[i], (("body", i),))
        return found

    def _roots(self, tree: ast.Module) -> Iterator[tuple[Path_, ast.AST]]:
        if not self._is_row:
            for i, s in enumerate(tree.body):
                if isinstance(s, ast.FunctionDef) and s.name in ("candidate", "candidate_backward"):
                    yield from places(s, (("body", i),))
            return
        for path, node in places(tree, ()):
            if name_of(node) == "Candidate" and [getattr(a, "value", "") for a in node.args[:2]] == [self.op, self.name]:
                for below, child in children(node, path):
                    if below[-1] not in (("args", 0), ("args", 1), ("func", None)):
                        yield from places(child, below)


def _defined(statement: ast.stmt) -> tuple[str, ...]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return (statement.name,)
    if isinstance(statement, ast.Assign):
        return tuple(n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name) and n.id != "RIGHT")
    return ()


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _run(tree: ast.Module, file: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(ast.fix_missing_locations(copy.deepcopy(tree)), str(file), "exec")
        made = {"__name__": f"{__package__}.mutated.{file.stem}", "__file__": str(file)}
        exec(code, made)
    return made


@cache
def sources() -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """The right implementations that are mutated, and why others are not."""
    used: list[Source] = []
    left_out: list[str] = []
    for source in _all_sources():
        reason = _unusable(source)
        if reason:
            left_out.append(f"{source.label}: {reason}")
        else:
            used.append(source)
    return tuple(used), tuple(left_out)


def _all_sources() -> Iterator[Source]:
    package = importlib.import_module("parity_tests.right")
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        for c in importlib.import_module(f"parity_tests.right.{module}").RIGHT:
            yield Source(c.op, c.name, ROOT / "right" / f"{module}.py")
    for file in sorted((ROOT / "judged" / "right").glob("*.py")):
        op, _, style = file.stem.partition("--")
        yield Source(op, style, file)


def _unusable(source: Source) -> str:
    tree = _parsed(source.file)
    if catalogue()[source.op].laws:
        return "a sampler, which is judged by its laws"
    imported = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    for name in COMPILERS:
        if name in imported:
            return f"is compiled by {name}"
    if not any(isinstance(n, (ast.FunctionDef, ast.Lambda)) for _, n in source._reached()):
        return "no function, which a call in this process needs"
    return ""


def draw(rng: random.Random, mine: Sequence[Source]) -> tuple[Source, Mutation]:
    """A source, a rule that applies to it, and one of the places."""
    source = rng.choice(mine)
    by_rule = source.mutations()
    return source, rng.choice(by_rule[rng.choice(sorted(by_rule))])
